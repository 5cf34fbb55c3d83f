# The lab image with one hostshift wheel in it.
ARG LAB_IMAGE
FROM ${LAB_IMAGE}
COPY *.whl /opt/wheels/
RUN pip install --no-cache-dir --no-index --no-deps /opt/wheels/hostshift-*.whl
