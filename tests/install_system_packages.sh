#!/bin/bash
# Install what the whole test suite needs beside Python: PostgreSQL, Chromium, a Java runtime.
# Installs only what is missing, only as root with apt, and never fails: tests skip with a reason.
set -u

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have postgres || compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || missing+=(postgresql)
have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
have java || missing+=(default-jre-headless)

[ ${#missing[@]} -eq 0 ] && exit 0

loud() { echo "!!! $1: tests that need ${missing[*]} will be SKIPPED" >&2; exit 0; }

[ "$(id -u)" -eq 0 ] || loud "not root, cannot install system packages"
have apt-get || loud "no apt-get, cannot install system packages"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >/dev/null 2>&1 || loud "apt-get update failed"
apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
  || loud "apt-get install failed"
