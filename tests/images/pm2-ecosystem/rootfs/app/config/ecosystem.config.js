// Read, never run.
const path = require('path')
const base = {
  cwd: path.join(__dirname, '..'),
  kill_timeout: 5000, // ms
}
const worker = (queue, instances = 1) => ({
  ...base,
  name: `worker-${queue}`,
  script: './worker.js',
  args: ['--queue', queue],
  instances,
  env: { QUEUE: queue },
})

module.exports = {
  apps: [
    {
      ...base, name: 'web', script: 'server.js', instances: process.env.WEB_CONCURRENCY || 'max', exec_mode: 'cluster',
      env: { PORT: 3000 },
      env_production: { LOG_LEVEL: 'warn' },
      'max_memory_restart': '300M',
    },
    worker(process.env.QUEUE),
    worker('images', 2),
    { name: 'tick', script: 'tick.py', interpreter: 'python3', cron_restart: '*/5 * * * *', autorestart: false },
    { name: 'socket', script: 'npm', args: 'run socket -- --port 3001', out_file: 'logs/socket.log', autorestart: false },
    { name: 'lost', script: require('./lost').script },
  ],
}
