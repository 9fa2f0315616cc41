// Which moment of the list is meant, and who and when in words.
import { locale, t } from '../texts'
import type { Moment, Moments, Version } from './queries'

interface Someone {
  name: string
  color: string
}

/* what is shown, or is on its way */
export interface Chosen {
  clock: number
  at: number
  people: Someone[]
  version: Version | null
}

const NOBODY = '#80838d'

const when = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
const list = new Intl.ListFormat(locale)

export const timeOf = (at: number) => when.format(at)

/* a moment stands for everything since the one before it */
export function indexOf(moments: Moment[], clock: number): number {
  const index = moments.findIndex((m) => m.clock >= clock)
  return index === -1 ? moments.length - 1 : index
}

export function choose(history: Moments, clock: number): Chosen | null {
  const version = history.versions.find((v) => v.clock === clock) ?? null
  const moment = history.moments[indexOf(history.moments, clock)]
  const at = version?.at ?? moment?.at
  if (at === undefined) return null

  /* a version may be older than all that is kept besides */
  const people = moment && at >= history.from ? peopleOf(history, moment) : []
  return { clock, at, people, version }
}

function peopleOf(history: Moments, moment: Moment): Someone[] {
  const all = moment.people.map((p) => {
    if ('name' in p) return { name: p.name || t.account.guest, color: NOBODY }
    return history.people.find((known) => known.id === p.id) ?? { name: t.account.guest, color: NOBODY }
  })

  return all.filter((p, i) => all.findIndex((q) => q.name === p.name && q.color === p.color) === i)
}

export const namesOf = (people: Someone[]) => list.format(people.map((p) => p.name))

export function inWords(history: Moments, moment: Moment): string {
  const people = peopleOf(history, moment)
  return people.length > 0 ? `${timeOf(moment.at)}, ${t.history.by(namesOf(people))}` : timeOf(moment.at)
}
