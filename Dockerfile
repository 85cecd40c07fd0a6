# One image for the master, the workers, the history server, spark-submit and the trainer. It holds what our code needs
# and none of the code: that arrives with --py-files, as on any cluster.
#
#   make image
#
# BASE is Debian or a derivative. Where no registry can be reached, conf/docker/make_base_image.sh makes one that has the
# packages already, and wheels/, from which everything is then installed without a network.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS system
ARG PACKAGES="openjdk-17-jre-headless python3 python3-venv procps tini"
RUN dpkg-query --show ${PACKAGES} >/dev/null 2>&1 || ( \
        apt-get update \
        && apt-get install --yes --no-install-recommends ${PACKAGES} \
        && rm -rf /var/lib/apt/lists/* \
    )

FROM system AS python
# Driver and workers must be of one version of Spark.
ARG PYSPARK=4.3.0
COPY pyproject.toml conf/docker/requirements.py wheels* /wheels/
RUN python3 -m venv --without-pip /opt/w2v \
    && python3 -m venv /tmp/installer \
    && python3 /wheels/requirements.py /wheels/pyproject.toml > /tmp/requirements.txt \
    && echo "pyspark==${PYSPARK}" >> /tmp/requirements.txt \
    && /tmp/installer/bin/pip --python /opt/w2v/bin/python install --no-cache-dir --disable-pip-version-check \
        $(ls /wheels/*.whl >/dev/null 2>&1 && echo --no-index --find-links /wheels) --requirement /tmp/requirements.txt

FROM system
COPY --from=python /opt/w2v /opt/w2v
RUN ln -s /opt/w2v/lib/python3*/site-packages/pyspark /opt/spark \
    && useradd --uid 1000 --create-home w2v \
    && mkdir -p /data/events /scratch \
    && chown -R w2v /data /scratch
ENV PATH=/opt/w2v/bin:/opt/spark/bin:/usr/local/bin:/usr/bin:/bin \
    SPARK_HOME=/opt/spark \
    PYSPARK_PYTHON=/opt/w2v/bin/python \
    PYTHONDONTWRITEBYTECODE=1 \
    LANG=C.UTF-8
USER w2v
WORKDIR /w2v
VOLUME /data
ENTRYPOINT ["tini", "--"]
CMD ["spark-submit", "--version"]
