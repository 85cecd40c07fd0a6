#!/bin/sh
# Of each worker: which application's tasks it ran, and where its executors fetched our code from.
set -eu
compose=$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
for worker in $($compose ps -q spark-worker); do
    docker exec "$worker" sh -c '
        echo "worker $(hostname): $(python -c "import w2v_core" 2>&1 | tail -n 1)"
        for log in /scratch/app-*/*/stderr; do
            app=${log#/scratch/}
            echo "  ${app%%/*}: $(grep -c "Running task" "$log") tasks"
            grep -h "Fetching.*w2v.zip" "$log" | tail -n 1 | sed "s/^/    /"
        done'
done
