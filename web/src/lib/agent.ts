// Says in a few words which browser and system a User-Agent line means.

const BROWSERS: [string, RegExp][] = [
  ['Edge', /\bEdgA?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|CriOS|Chromium|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
  ['curl', /^curl\//],
]

const SYSTEMS: [string, RegExp][] = [
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X|Macintosh/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux/],
]

const first = (list: [string, RegExp][], text: string) => list.find(([, pattern]) => pattern.test(text))?.[0]

export function deviceOf(agent: string | null): string | null {
  if (!agent) return null
  const parts = [first(BROWSERS, agent), first(SYSTEMS, agent)].filter(Boolean)

  return parts.length > 0 ? parts.join(', ') : agent.slice(0, 60)
}
