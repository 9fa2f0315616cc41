// Who has a board open at this moment.
import { Flex, Text } from '@radix-ui/themes'
import { PersonAvatar } from '../components/PersonAvatar'
import type { Room } from '../lib/types'
import { t } from '../texts'

export function HereNow({ room }: { room: Room }) {
  if (!room.present) return null

  const more = room.present - room.people.length
  const names = room.people.map((p) => p.name || t.account.guest).join(', ')

  return (
    <Flex className="td-here" title={t.boards.here(names, more)} align="center">
      <span className="td-visually-hidden">{t.boards.here(names, more)}</span>
      {room.people.map((p) => (
        <PersonAvatar key={p.id} person={p} size="1" />
      ))}
      {more > 0 && (
        <Text size="1" weight="medium" ml="1" aria-hidden="true">
          +{more}
        </Text>
      )}
    </Flex>
  )
}
