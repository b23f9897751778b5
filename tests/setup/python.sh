# Sourced by tests/run: the virtual environment in .cache/venv, with the package and its development tools.

install() { # PACKAGE...: from Debian, where we may
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || ! grep -q '^ID=debian' /etc/os-release; then
    echo "splitter tests: $* must be installed first; as root on Debian this script does it itself" >&2
    return 1
  fi
  (apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@") >"$cache/apt.log" 2>&1 9>&- || {
    cat "$cache/apt.log" >&2
    return 1
  }
}

python_ready() {
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "splitter tests: python3 must be 3.11 or later" >&2
    return 1
  fi
  python3 -c 'import ensurepip' 2>/dev/null || install python3-venv || return 1
  local stamp
  stamp="$PWD $(python3 --version) $(sha256sum pyproject.toml)"
  [ -f "$venv/stamp" ] && [ "$(cat "$venv/stamp")" = "$stamp" ] && return
  echo "== setting up .cache/venv"
  rm -rf "$venv"
  python3 -m venv "$venv" && "$venv/bin/pip" install -q -e '.[dev]' 9>&- && echo "$stamp" >"$venv/stamp"
}
