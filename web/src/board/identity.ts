// Who one is on a board, in the editor's terms. The editor has a field for
// one's name and colour of its own: what is changed there is the account's, or
// the guest's, like a change in the profile.
import { useEffect, useRef, useState } from 'react'
import { type TLUserPreferences, useTldrawUser } from 'tldraw'
import { guest } from '../lib/guest'
import { preferences } from '../lib/preferences'
import { useUpdateMe } from '../lib/account'
import { useUser } from '../lib/query'
import { chosenLanguage, t } from '../texts'

const PAUSE = 800

interface Person {
  name: string
  color: string
}

export function useIdentity() {
  const user = useUser()
  const visitor = guest.use()
  const prefs = preferences.use()
  const update = useUpdateMe()
  const [typed, setTyped] = useState<Person | null>(null)
  const timer = useRef(0)

  useEffect(() => () => clearTimeout(timer.current), [])

  const person = { ...(user ?? visitor), ...(user && typed) }
  const userInfo = { id: person.id, name: person.name || t.account.guest, color: person.color }

  /* the account is told when the typing stops */
  const changePerson = (next: Person) => {
    if (!user) return guest.set(next)

    setTyped(next)
    clearTimeout(timer.current)
    if (next.name.trim() === '') return

    timer.current = window.setTimeout(() => {
      update.mutate({ ...next, name: next.name.trim() }, { onSettled: () => setTyped(null) })
    }, PAUSE)
  }

  const setUserPreferences = ({ id: _id, name, color, ...rest }: TLUserPreferences) => {
    const next = { name: name ?? '', color: color ?? person.color }
    if (next.name !== userInfo.name || next.color !== userInfo.color) changePerson(next)
    preferences.set({ ...rest, colorScheme: rest.colorScheme ?? 'system' })
  }

  const tldrawUser = useTldrawUser({ userPreferences: { ...prefs, locale: prefs.locale ?? chosenLanguage(), ...userInfo }, setUserPreferences })

  return { userInfo, tldrawUser }
}
