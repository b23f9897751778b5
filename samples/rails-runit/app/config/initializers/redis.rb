# Debian's sidekiq is a little older than its redis, and says so at every turn.
Redis.silence_deprecations = true
