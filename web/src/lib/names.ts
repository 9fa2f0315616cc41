/* what the server takes: so many characters, none that controls */
const LONGEST = 100
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/* A name out of what somebody else called something; what it is given at its end stays. */
export function nameOf(text: string, end = ''): string {
  const letters = Array.from(text.replace(CONTROLS, '').trim())

  return letters.slice(0, LONGEST - end.length).join('').trim() + end
}
