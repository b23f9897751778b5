# Sourced by tests/run: a Docker engine and the Compose plugin. What the machine has is used as it is.

PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
daemon=
export SPLITTER_MADE_IMAGES="$cache/made-images"

engine_answers() { docker info >/dev/null 2>&1; }

engine_ready() {
  if command -v docker >/dev/null && engine_answers; then return; fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    echo "splitter tests: no engine answers at $DOCKER_HOST" >&2
    return 1
  fi
  if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
    echo "== installing an engine"
    install docker.io iptables debootstrap || return 1
  elif [ "$(id -u)" != 0 ]; then
    echo "splitter tests: no engine answers; start one, or run this as root" >&2
    return 1
  fi
  [ -d /run/systemd/system ] && wait_for 20 engine_answers && return
  setsid dockerd >"$cache/dockerd.log" 2>&1 </dev/null 9>&- &
  daemon=$!
  # What an engine of our own keeps stands in nobody's way.
  export SPLITTER_KEEP_IMAGES="${SPLITTER_KEEP_IMAGES:-1}"
  wait_for 60 engine_answers && return
  echo "splitter tests: dockerd does not start; its last words:" >&2
  tail -n 20 "$cache/dockerd.log" >&2
  return 1
}

wait_for() { # SECONDS COMMAND...
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $until ] || return 1
    [ -z "$daemon" ] || kill -0 "$daemon" 2>/dev/null || return 1
    sleep 0.3
  done
}

compose_recent() {
  local version
  version=$(docker compose version --short 2>/dev/null) || return 1
  [ "$(printf '%s\n' 2.24.0 "${version#v}" | sort -V | head -n 1)" = 2.24.0 ]
}

# Debian 12 has Compose 1 only: Debian 13's package holds the plugin as one static binary. apt-get is given sources and
# lists of its own, so that the machine's stay as they are, and the plugin goes to a Docker configuration of our own.
compose_ready() {
  compose_recent && return
  local theirs=${DOCKER_CONFIG:-$HOME/.docker} ours="$cache/docker" apt="$cache/apt"
  export DOCKER_CONFIG="$ours"
  mkdir -p "$ours/cli-plugins"
  if [ -e "$theirs/config.json" ] && [ "$theirs" != "$ours" ]; then cp -a "$theirs/." "$ours/"; fi
  compose_recent && return
  if ! command -v apt-get >/dev/null || ! grep -q '^ID=debian' /etc/os-release; then
    echo "splitter tests: the Compose plugin 2.24 or later must be installed first" >&2
    return 1
  fi
  echo "== fetching the Compose plugin"
  mkdir -p "$apt/lists/partial" "$apt/parts"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(tests/setup/debian-mirror) trixie main" >"$apt/sources.list"
  local own=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/parts"
    -o "Dir::State::Lists=$apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
  (
    cd "$apt" && rm -rf ./*.deb unpacked && apt-get "${own[@]}" update && apt-get "${own[@]}" download docker-compose &&
      dpkg-deb -x docker-compose_*.deb unpacked &&
      mv unpacked/usr/libexec/docker/cli-plugins/docker-compose "$ours/cli-plugins/"
  ) 9>&- || return 1
  rm -rf "$apt"
  compose_recent || {
    echo "splitter tests: the Compose plugin does not answer" >&2
    return 1
  }
}

forget_images() { # those that the tests pulled or built, by the list that they kept
  [ -f "$SPLITTER_MADE_IMAGES" ] && [ "${SPLITTER_KEEP_IMAGES:-}" != 1 ] || return 0
  tac "$SPLITTER_MADE_IMAGES" | xargs -r -n 1 docker image rm >/dev/null 2>&1
  rm -f "$SPLITTER_MADE_IMAGES"
}

stop_engine() {
  [ -n "$daemon" ] || return 0
  kill "$daemon" 2>/dev/null
  for _ in $(seq 100); do
    kill -0 "$daemon" 2>/dev/null || return 0
    sleep 0.2
  done
}
