// The map, the search and the neighbours. Text of the run is set as textContent and drawn on the canvas, nowhere else.
"use strict";
(() => {
  const EXTENT = 65535; // places are 0 to this, on both axes
  const LETTERS_APART = 4; // pixels between labels
  const MOST_LABELS = 220;
  const MOST_RESULTS = 12;
  const FLIGHT_MS = 350;
  const NEAR_MOUSE = 12, NEAR_FINGER = 28; // pixels from a word that choose it

  const at = (id) => document.getElementById(id);
  const data = JSON.parse(at("data").textContent);
  const words = data.words;
  const counts = new Float64Array(unpacked(data.counts));
  const places = new Uint16Array(unpacked(data.places));
  const neighbors = new Uint16Array(unpacked(data.neighbors));
  const cosines = new Int16Array(unpacked(data.cosines));
  const canvas = at("map"), pen = canvas.getContext("2d");
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const view = { x: EXTENT / 2, y: EXTENT / 2, scale: 1 }; // the middle, and pixels for one step of a place
  let width = 0, height = 0, colors = {}, chosen = -1, asked = false, flight = 0;

  function unpacked(text) {
    const bytes = atob(text), array = new Uint8Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) array[i] = bytes.charCodeAt(i);
    return array.buffer;
  }

  // ---- drawing

  const across = (id) => (places[2 * id] - view.x) * view.scale + width / 2;
  const down = (id) => (view.y - places[2 * id + 1]) * view.scale + height / 2;
  const isSeen = (x, y) => x > -8 && y > -8 && x < width + 8 && y < height + 8;
  const fitting = () => (0.92 * Math.min(width, height)) / EXTENT;

  function nearOf(id) {
    return id < 0 ? [] : Array.from(neighbors.subarray(id * data.each, (id + 1) * data.each));
  }

  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }

  function draw() {
    const near = nearOf(chosen);
    pen.clearRect(0, 0, width, height);
    drawDots();
    drawLines(near);
    const taken = new Taken();
    if (chosen >= 0) label(chosen, taken, colors.text, "600 15px ");
    for (const id of near) label(id, taken, colors.near, "14px ");
    for (let id = 0, drawn = 0; id < words.length && drawn < MOST_LABELS; id++) {
      if (id !== chosen && !near.includes(id) && label(id, taken, colors.text, "12px ")) drawn++;
    }
  }

  function drawDots() {
    const size = Math.min(5, Math.max(1.5, 1.5 * Math.sqrt(view.scale / fitting())));
    pen.fillStyle = colors.dot;
    for (let id = 0; id < words.length; id++) {
      const x = across(id), y = down(id);
      if (isSeen(x, y)) pen.fillRect(x - size / 2, y - size / 2, size, size);
    }
  }

  function drawLines(near) {
    if (chosen < 0) return;
    pen.strokeStyle = pen.fillStyle = colors.near;
    pen.lineWidth = 1;
    pen.globalAlpha = 0.45;
    pen.beginPath();
    for (const id of near) { pen.moveTo(across(chosen), down(chosen)); pen.lineTo(across(id), down(id)); }
    pen.stroke();
    pen.globalAlpha = 1;
    for (const id of [chosen, ...near]) {
      pen.beginPath();
      pen.arc(across(id), down(id), id === chosen ? 6 : 4, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  // Cells of the screen that labels cover. Words come by descending count, so the frequent ones get the room.
  class Taken {
    constructor() { this.cells = new Set(); }
    claim(x, y, w, h) {
      const cells = [];
      for (let i = Math.floor(x / 8); i <= Math.floor((x + w) / 8); i++)
        for (let j = Math.floor(y / 8); j <= Math.floor((y + h) / 8); j++) cells.push(i * 4096 + j);
      if (cells.some((cell) => this.cells.has(cell))) return false;
      cells.forEach((cell) => this.cells.add(cell));
      return true;
    }
  }

  // Beside the word's dot, on the right, else on the left, else above or below; not at all where there is no room.
  function label(id, taken, color, font) {
    const x = across(id), y = down(id);
    if (!isSeen(x, y)) return false;
    const text = words[id].length > 24 ? words[id].slice(0, 24) + "…" : words[id];
    pen.font = font + colors.family;
    const w = widthOf(text, pen.font);
    for (const [dx, dy] of [[6, 0], [-w - 6, 0], [-w / 2, -13], [-w / 2, 13]]) {
      const left = x + dx, middle = y + dy;
      if (left < 0 || left + w > width || !taken.claim(left, middle - 6, w + LETTERS_APART, 12)) continue;
      pen.lineWidth = 3;
      pen.lineJoin = "round";
      pen.strokeStyle = colors.page;
      pen.strokeText(text, left, middle + 4);
      pen.fillStyle = color;
      pen.fillText(text, left, middle + 4);
      return true;
    }
    return false;
  }

  const widths = new Map();
  function widthOf(text, font) {
    const key = font + text;
    if (!widths.has(key)) widths.set(key, pen.measureText(text).width);
    return widths.get(key);
  }

  function takeColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["page", "text", "dot", "near"]) colors[name] = style.getPropertyValue("--" + name).trim();
    colors.family = getComputedStyle(document.body).fontFamily;
    redraw();
  }

  function resize() {
    const wasFit = width === 0, before = fitting(), box = canvas.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return;
    width = box.width;
    height = box.height;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    view.scale = wasFit ? fitting() : (view.scale * fitting()) / before;
    draw();
  }

  // ---- moving

  function bound() {
    view.scale = Math.min(Math.max(view.scale, fitting() / 2), fitting() * 400);
    view.x = Math.min(Math.max(view.x, 0), EXTENT);
    view.y = Math.min(Math.max(view.y, 0), EXTENT);
    redraw();
  }

  function move(dx, dy) {
    cancelAnimationFrame(flight);
    view.x -= dx / view.scale;
    view.y += dy / view.scale;
    bound();
  }

  function zoom(factor, x = width / 2, y = height / 2) {
    cancelAnimationFrame(flight);
    const before = view.scale;
    view.scale = Math.min(Math.max(before * factor, fitting() / 2), fitting() * 400);
    view.x += (x - width / 2) * (1 / before - 1 / view.scale);
    view.y -= (y - height / 2) * (1 / before - 1 / view.scale);
    bound();
  }

  function fly(to) {
    cancelAnimationFrame(flight);
    if (reduced.matches) { Object.assign(view, to); bound(); return; }
    const from = { ...view }, started = performance.now();
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - started) / FLIGHT_MS)), ease = t * (2 - t);
      view.x = from.x + (to.x - from.x) * ease;
      view.y = from.y + (to.y - from.y) * ease;
      view.scale = from.scale * Math.pow(to.scale / from.scale, ease);
      bound();
      if (t < 1) flight = requestAnimationFrame(step);
    };
    flight = requestAnimationFrame(step);
  }

  // The view that holds these words, and some room for their labels.
  function around(ids) {
    const xs = ids.map((id) => places[2 * id]), ys = ids.map((id) => places[2 * id + 1]);
    const left = Math.min(...xs), right = Math.max(...xs), low = Math.min(...ys), high = Math.max(...ys);
    const scale = 0.75 * Math.min(width / Math.max(1, right - left), height / Math.max(1, high - low));
    return { x: (left + right) / 2, y: (low + high) / 2, scale: Math.min(Math.max(scale, fitting()), fitting() * 40) };
  }

  const showAll = () => fly({ x: EXTENT / 2, y: EXTENT / 2, scale: fitting() });

  function nearest(x, y, within) {
    let best = -1, least = within * within;
    for (let id = 0; id < words.length; id++) {
      const dx = across(id) - x, dy = down(id) - y, distance = dx * dx + dy * dy;
      if (distance < least) { least = distance; best = id; }
    }
    return best;
  }

  // ---- the pointer: one drags, two pinch, a press without a move chooses

  const pointers = new Map();
  let travelled = 0;

  function placeOf(event) {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function spread() {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) };
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 0) travelled = 0;
    pointers.set(event.pointerId, placeOf(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId), now = placeOf(event);
    if (!before) return;
    if (pointers.size === 2) {
      const old = spread();
      pointers.set(event.pointerId, now);
      const fresh = spread();
      move(fresh.x - old.x, fresh.y - old.y);
      zoom(fresh.apart / old.apart, fresh.x, fresh.y);
      travelled = Infinity;
      return;
    }
    pointers.set(event.pointerId, now);
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (travelled > 4) move(now.x - before.x, now.y - before.y);
  });
  canvas.addEventListener("pointerup", (event) => {
    const place = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (!place || travelled > 4) return;
    const found = nearest(place.x, place.y, event.pointerType === "mouse" ? NEAR_MOUSE : NEAR_FINGER);
    if (found >= 0) choose(found, false);
  });
  canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const { x, y } = placeOf(event);
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), x, y);
  }, { passive: false });

  // ---- keys

  const KEYS = {
    ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0),
    ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60),
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "_": () => zoom(1 / 1.5),
    0: showAll, Home: showAll, Escape: () => choose(-1, false),
    Enter: () => choose(nearest(width / 2, height / 2, Infinity), false),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  at("zoom-in").addEventListener("click", () => zoom(1.5));
  at("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
  at("zoom-all").addEventListener("click", showAll);

  // ---- search: Hangul is compared by letters, so a word is found while its last syllable is being typed

  const search = at("search"), results = at("results"), found = at("found");
  let folded = null;
  const fold = (text) =>
    text.normalize("NFKD").toLowerCase().replace(/i\u0307/g, "i").replace(/ς/g, "σ");

  function matches(text) {
    folded = folded || words.map(fold);
    const exact = [], begins = [], holds = [];
    folded.forEach((word, id) => {
      if (word === text) exact.push(id);
      else if (word.startsWith(text)) begins.push(id);
      else if (word.includes(text)) holds.push(id);
    });
    return [...exact, ...begins, ...holds];
  }

  function wordButton(id) {
    const button = document.createElement("button"), name = document.createElement("bdi");
    button.type = "button";
    name.textContent = words[id];
    button.append(name);
    button.addEventListener("click", () => choose(id, true));
    return button;
  }

  function item(button) {
    const part = document.createElement("li");
    part.append(button);
    return part;
  }

  function showMatches() {
    const text = fold(search.value.trim()), ids = text ? matches(text) : [];
    results.replaceChildren(...ids.slice(0, MOST_RESULTS).map((id) => item(wordButton(id))));
    found.textContent = !text ? "" : ids.length === 0 ? "No word on the map holds this."
      : `${ids.length.toLocaleString("en")} found` + (ids.length > MOST_RESULTS ? `, the first ${MOST_RESULTS} here` : "");
    return ids;
  }

  search.addEventListener("input", showMatches);
  search.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      const ids = showMatches();
      if (ids.length) choose(ids[0], true);
    } else if (event.key === "ArrowDown" && results.firstChild) {
      event.preventDefault();
      results.querySelector("button").focus();
    }
  });
  document.querySelector(".explorer").addEventListener("keydown", (event) => {
    const buttons = [...document.querySelectorAll("#results button, #chosen button")];
    const place = buttons.indexOf(document.activeElement), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (place < 0 || !step) return;
    event.preventDefault();
    (buttons[place + step] || (step < 0 ? search : buttons[place])).focus();
  });

  // ---- the chosen word

  function choose(id, moves) {
    chosen = id;
    const panel = at("chosen"), hadFocus = panel.contains(document.activeElement);
    panel.replaceChildren(...(id < 0 ? [] : panelOf(id)));
    if (hadFocus && id >= 0) panel.querySelector("h3").focus({ preventScroll: true });
    if (id >= 0) found.textContent = `${words[id]}: ${data.each} neighbours`;
    if (moves) fly(around([id, ...nearOf(id)]));
    redraw();
  }

  function panelOf(id) {
    const heading = document.createElement("h3"), name = document.createElement("bdi");
    const about = document.createElement("p"), list = document.createElement("ol");
    name.textContent = words[id];
    heading.append(name);
    heading.tabIndex = -1;
    about.textContent = `rank ${(id + 1).toLocaleString("en")}, seen ${counts[id].toLocaleString("en")} times`;
    nearOf(id).forEach((near, place) => {
      const button = wordButton(near), cosine = document.createElement("span");
      cosine.textContent = (cosines[id * data.each + place] / 32767).toFixed(3);
      button.append(cosine);
      list.append(item(button));
    });
    list.setAttribute("aria-label", "Nearest words, with their cosine");
    return [heading, about, list];
  }

  takeColors();
  resize();
  new ResizeObserver(resize).observe(canvas);
  dark.addEventListener("change", takeColors);
})();
