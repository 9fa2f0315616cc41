// Colours of people; white text is readable on each of them. Their names are
// in the texts, in the same order.
export const COLORS = [
  '#5b5bd6',
  '#0070c5',
  '#0a7d8c',
  '#1b7f4d',
  '#5d7512',
  '#9a6400',
  '#c2490c',
  '#c8303c',
  '#bf2f75',
  '#8e4ec6',
  '#8a5a44',
  '#5f6672',
]

/* the server's colours are #rrggbb; anything else is not put into a style */
export function safeColor(color: string): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? color : '#5f6672'
}

/* black or white, what is easier to read on this colour (WCAG luminance) */
export function inkOn(color: string): string {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(safeColor(color).slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b

  return luminance > 0.24 ? '#1c2024' : '#fff'
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = Array.from(words[0] ?? '')[0] ?? '?'
  const last = words.length > 1 ? (Array.from(words[words.length - 1] ?? '')[0] ?? '') : ''

  return (first + last).toLocaleUpperCase()
}
