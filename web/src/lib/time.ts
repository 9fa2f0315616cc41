import { locale } from '../texts'

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' })

export function ago(time: number, now = Date.now()): string {
  const past = now - time
  if (past > 7 * 86_400_000) return date.format(time)

  for (const [unit, length] of UNITS) {
    if (past >= length) return relative.format(-Math.floor(past / length), unit)
  }
  return relative.format(0, 'minute')
}

export const exactTime = (time: number) => full.format(time)
export const shortDate = (time: number) => date.format(time)
