// Says everything that is said to everybody, and queues it for the archiver.
const fs = require('fs')
const path = require('path')
const { WebSocketServer } = require('ws')

const server = new WebSocketServer({ port: Number(process.env.PORT), host: process.env.HOST })
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const name = path.join(__dirname, 'spool', `${Date.now()}-${process.hrtime()[1]}.new`)
    fs.writeFileSync(name, data)
    for (const client of server.clients) client.send(data.toString())
  })
})
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))
