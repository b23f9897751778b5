// The page, and the letters that the archiver has put away.
const fs = require('fs')
const http = require('http')
const path = require('path')

const spool = path.join(__dirname, 'spool')

const server = http.createServer((request, response) => {
  if (request.url === '/archive') {
    const kept = fs.readdirSync(spool).filter((name) => name.endsWith('.kept'))
    response.end(kept.map((name) => fs.readFileSync(path.join(spool, name), 'utf8')).join('\n') + '\n')
  } else {
    response.setHeader('content-type', 'text/html')
    fs.createReadStream(path.join(__dirname, 'public', 'index.html')).pipe(response)
  }
})
server.listen(process.env.PORT, process.env.HOST)
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))
