// Runs before the scripts, on whatever Node there is, and says plainly when it is too old to run TypeScript as it is.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `Tributary needs Node 24 or newer; this is ${process.version}.\n` +
      'On Linux (x64, arm64) `npm ci` installs one beside the packages, and `npm start`, `npm test` use it: run `npm ci` again,\n' +
      'without --omit=optional. Elsewhere install Node 24 LTS.\n',
  )
  process.exit(1)
}
