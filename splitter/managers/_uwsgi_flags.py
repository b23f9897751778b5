"""uWSGI's options that take no value from the next word, and its short options (core/uwsgi.c of 2.0 and 2.1)."""

FLAGS = frozenset(
    (
        "abstract-socket", "alarm-list", "alarms-list", "auto-procname", "autoload", "cache-no-expire",
        "cache-report-freed-items", "cache-use-last-modified", "catch-exceptions", "cflags", "cgi-mode", "cheap",
        "cheaper-algo-list", "cheaper-algos-list", "cheaper-list", "check-cache", "check-static-docroot", "chmod",
        "chmod-socket", "clock-list", "clocks-list", "close-on-exec", "close-on-exec2", "command-mode", "config-py",
        "daemons-honour-stdin", "die-on-idle", "die-on-no-workers", "die-on-term", "disable-async-warn-on-queue-full",
        "disable-logging", "disable-sendfile", "disable-write-exception", "dot-h", "drop-after-apps", "drop-after-init",
        "dump-options", "dynamic-apps", "early-emperor", "emperor-graceful-shutdown", "emperor-magic-exec",
        "emperor-no-blacklist", "emperor-nofollow", "emperor-subreaper", "emperor-tyrant", "emperor-tyrant-initgroups",
        "emperor-tyrant-nofollow", "emperor-wait-for-command", "enable-metrics", "enable-proxy-protocol",
        "enable-threads", "end-blacklist", "end-for", "end-if", "end-whitelist", "endfor", "endif", "exit",
        "exit-on-reload", "force-gateway", "freebind", "harakiri-no-arh", "harakiri-verbose", "help", "honour-range",
        "honour-stdin", "if-not-reload", "if-reload", "ignore-script-name", "ignore-sigpipe", "ignore-write-errors",
        "imperial-monitor-list", "imperial-monitors-list", "jailed", "ksm", "lazy", "lazy-apps", "log-4xx", "log-5xx",
        "log-date", "log-format-strftime", "log-master", "log-master-req-stream", "log-master-stream", "log-micros",
        "log-prefix", "log-reopen", "log-syslog", "log-truncate", "log-x-forwarded-for", "log-zero", "logdate",
        "logfile-chown", "logformat-strftime", "logger-list", "loggers-list", "loop-list", "loops-list",
        "manage-script-name", "master", "master-as-root", "memory-report", "metric-dir-restore", "metrics-dir-restore",
        "metrics-no-cores", "mule", "need-app", "never-swap", "no-default-app", "no-defer-accept", "no-fd-passing",
        "no-harakiri-after-req-hook", "no-harakiri-arh", "no-initgroups", "no-orphans", "no-server", "no-threads-wait",
        "pcre-jit", "persistent-ipcsem", "plugin-list", "plugins-list", "propagate-touch", "re-fork", "re-fork-as-root",
        "re-fork-post-jail", "reaper", "refork", "refork-as-root", "refork-post-jail", "reload-on-exception",
        "reuse-port", "router-list", "routers-list", "setns-preopen", "show-config", "single-interpreter",
        "skip-atexit", "skip-atexit-teardown", "skip-zero", "snmp", "so-keepalive", "so-send-timeout",
        "so-write-timeout", "socket-send-timeout", "socket-write-timeout", "spooler-cheap", "spooler-ordered",
        "spooler-quiet", "spooler-signal-as-task", "ssl-enable-sslv3", "ssl-enable-tlsv1", "ssl-enable3",
        "ssl-session-use-cache", "ssl-sessions-use-cache", "ssl-verbose", "ssl-verify-depth", "start-unsubscribed",
        "static-gzip-all", "stats-http", "stats-min", "stats-minified", "stats-no-cores", "stats-no-metrics", "strict",
        "subscription-clear-on-shutdown", "subscription-dotsplit", "subscription-vassal-required",
        "subscriptions-use-credentials", "tcp-fast-open-client", "tcp-fastopen-client", "tcp-nodelay",
        "threaded-logger", "thunder-lock", "thunder-lock-watchdog", "unsubscribe-on-graceful-reload", "usage",
        "use-abort", "vacuum", "version", "vhost", "vhost-host", "write-errors-exception-only", "zerg-fallback",
    )
)  # fmt: skip
# Short options that take a value, by their long names; the others take none.
SHORT = {
    "s": "socket", "p": "processes", "t": "harakiri", "x": "xml", "S": "set", "d": "daemonize", "l": "listen",
    "v": "max-vars", "b": "buffer-size", "R": "max-requests", "z": "socket-timeout", "A": "sharedarea", "Q": "spooler",
    "y": "yaml", "j": "json", "H": "home", "w": "module", "o": "optimize",
}  # fmt: skip
