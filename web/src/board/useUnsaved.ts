import { useEffect, useState } from 'react'
import type { TLStore } from 'tldraw'
import { useToast } from '../components/Toasts'
import { t } from '../texts'
import { type Unsaved, unsavedOf } from './unsaved'

/* watches the store of an open board, and brings back what an earlier page of
   this browser could not save */
export function useUnsaved(store: TLStore | undefined, room: string, user: string): Unsaved | null {
  const toast = useToast()
  const [unsaved, setUnsaved] = useState<Unsaved | null>(null)

  useEffect(() => {
    const watched = store ? unsavedOf(store, room, user) : null
    setUnsaved(watched)
    if (!watched || !store) return

    const writable = store.props.collaboration?.mode?.get() !== 'readonly'
    if (writable && watched.restore()) toast({ text: t.board.broughtBack })

    return () => watched.stop()
  }, [store, room, user, toast])

  return unsaved
}
