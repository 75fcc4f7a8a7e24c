#!/bin/sh
# Make our namespace where there is none; one that exists keeps its retention.
set -eu
tries=0
until temporal operator cluster health; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { echo "Temporal did not get well within two minutes." >&2; exit 1; }
    sleep 2
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 \
    || temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
