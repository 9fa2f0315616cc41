// The members of a board and the invitations that are on their way.
import { useQuery } from '@tanstack/react-query'
import { Failed, Loading } from '../components/States'
import { membersQuery } from '../lib/sharing'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { AddPerson } from './AddPerson'
import { HereNow } from './HereNow'
import { Invitations } from './Invitations'
import { MemberRow } from './MemberRow'

export function People({ room }: { room: Room }) {
  const members = useQuery(membersQuery(room.id))

  if (members.isLoadingError) return <Failed title={t.share.tabs.people} error={members.error} onRetry={members.refetch} />
  if (!members.data) return <Loading />

  return (
    <>
      {room.role === 'owner' && <AddPerson room={room} />}
      <ul className="td-list td-rows">
        {members.data.members.map((m) => (
          <MemberRow key={m.user.id} room={room} member={m} />
        ))}
      </ul>
      <HereNow room={room} />
      {room.role === 'owner' && <Invitations room={room} />}
    </>
  )
}
