import { locale } from '../texts'

export const DAY = 86_400_000

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', DAY],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' })

export function ago(time: number, now = Date.now()): string {
  const past = now - time
  if (past > 7 * DAY) return date.format(time)

  for (const [unit, length] of UNITS) {
    if (past >= length) return relative.format(-Math.floor(past / length), unit)
  }
  return relative.format(0, 'minute')
}

export const exactTime = (time: number) => full.format(time)
export const shortDate = (time: number) => date.format(time)

const LENGTHS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/* how long, in the largest unit that fits */
export function duration(seconds: number): string {
  const [unit, length] = LENGTHS.find(([, l]) => seconds >= l) ?? (['second', 1] as const)

  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.floor(seconds / length))
}

export const amount = (n: number) => number.format(n)

const SIZES = ['B', 'KB', 'MB', 'GB', 'TB']

export function bytes(n: number): string {
  let unit = 0
  while (n >= 1000 && unit < SIZES.length - 1) {
    n /= 1000
    unit += 1
  }
  return `${number.format(unit === 0 ? Math.round(n) : n)} ${SIZES[unit]}`
}
