// A queue worker: takes what was said and puts it away.
const fs = require('fs')
const path = require('path')

const spool = path.join(__dirname, 'spool')
setInterval(() => {
  for (const name of fs.readdirSync(spool).filter((n) => n.endsWith('.new'))) {
    try {
      fs.renameSync(path.join(spool, name), path.join(spool, name.replace('.new', '.kept')))
    } catch (error) {
      if (error.code !== 'ENOENT') throw error // another archiver was faster
    }
  }
}, 300)
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))
