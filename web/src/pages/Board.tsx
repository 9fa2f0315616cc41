// A board: who may come in, under which name, and then the editor. This file
// and all it imports are loaded with the first board only.
import 'tldraw/tldraw.css'
import '../board/board.css'

import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useParams, useSearchParams } from 'react-router-dom'
import { GuestName } from '../board/GuestName'
import { LinkElsewhere } from '../board/LinkElsewhere'
import { LinkPassword } from '../board/LinkPassword'
import { OpenBoard } from '../board/OpenBoard'
import { Refusal, refusalOf } from '../board/Refusal'
import { Loading } from '../components/States'
import { hasCode } from '../lib/errors'
import { guest } from '../lib/guest'
import { useUser } from '../lib/query'
import { roomQuery } from '../lib/rooms'
import { t } from '../texts'
import { Unreachable } from './Unreachable'

/* in the page of another site */
const framed = window.self !== window.top

export default function Board({ embedded = false }: { embedded?: boolean }) {
  const { id = '' } = useParams()
  const [search] = useSearchParams()
  const link = search.get('link')
  const user = useUser()
  const visitor = guest.use()
  const room = useQuery(roomQuery(id, link))
  const name = room.data?.name
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    if (name) document.title = `${name} · ${t.app}`
  }, [name])

  /* a board that is open stays open when a later look at it fails */
  if (room.isLoadingError) {
    if (link && hasCode(room.error, 'link_password')) {
      return framed ? <LinkElsewhere room={id} link={link} /> : <LinkPassword room={id} link={link} />
    }
    const reason = refusalOf(room.error)
    return reason ? <Refusal reason={reason} /> : <Unreachable onRetry={room.refetch} />
  }

  if (!room.data) return <Loading text={t.board.loading} />
  if (!user && !visitor.name && !embedded) return <GuestName board={room.data.name} />

  /* another account or another link is another connection */
  return (
    <OpenBoard
      key={`${id} ${link} ${user?.id} ${attempt}`}
      room={room.data}
      link={link}
      embedded={embedded}
      onAgain={() => setAttempt((n) => n + 1)}
    />
  )
}
