/** Time as a parameter: whatever decides by the hour is given a clock, so that a test can turn it. */

/** The present, in ms since 1970. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()
