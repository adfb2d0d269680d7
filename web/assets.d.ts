/** A style sheet that the build gives an address of its own, for parts that are loaded when they are needed. */
declare module '*.css?url' {
  const address: string
  export default address
}
