module.exports = {
  apps: [
    { name: 'web', script: 'web.js', uid: 'chat', env: { PORT: 3000, HOST: '127.0.0.1' } },
    { name: 'socket', script: 'socket.js', uid: 'chat', env: { PORT: 3001, HOST: '127.0.0.1' }, kill_timeout: 3000 },
    { name: 'archiver', script: 'archiver.js', uid: 'chat' },
  ],
}
