import { Card, Flex, Text } from '@radix-ui/themes'
import { useRef, useState } from 'react'
import { Link } from 'react-router-dom'
import { loadBoard } from '../lib/board'
import { useUser } from '../lib/query'
import { ago, exactTime } from '../lib/time'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { BoardCover } from './BoardCover'
import { BoardMenu } from './BoardMenu'
import { PersonAvatar } from './PersonAvatar'
import { RenameField } from './RenameField'

export function BoardCard({ room }: { room: Room }) {
  const user = useUser()
  const [renaming, setRenaming] = useState(false)
  const refocus = useRef(false)
  const mine = room.owner.id === user?.id

  const doneRenaming = (keyboard: boolean) => {
    refocus.current = keyboard
    setRenaming(false)
  }

  const focusLink = (link: HTMLAnchorElement | null) => {
    if (link && refocus.current) link.focus()
    refocus.current = false
  }

  return (
    <li>
      <Card className="td-board td-board-link" onPointerEnter={() => void loadBoard().catch(() => undefined)}>
        <BoardCover id={room.id} />
        <Flex align="center" justify="between" gap="2" mt="3" minHeight="32px">
          {renaming ? (
            <RenameField room={room} onDone={doneRenaming} />
          ) : (
            <Text size="3" weight="medium" truncate asChild>
              <Link ref={focusLink} to={`/board/${room.id}`} className="td-cover-all" title={room.name}>
                {room.name}
              </Link>
            </Text>
          )}
          {room.role !== 'viewer' && !renaming && <BoardMenu room={room} onRename={() => setRenaming(true)} />}
        </Flex>
        <Flex align="center" gap="2" mt="1">
          <PersonAvatar person={room.owner} size="1" />
          <Text size="1" color="gray" truncate>
            {mine ? t.boards.you : room.owner.name}
            {!mine && ` · ${t.roles[room.role]}`}
          </Text>
          <Text size="1" color="gray" ml="auto" wrap="nowrap" asChild>
            <time dateTime={new Date(room.updated_at).toISOString()} title={t.boards.changed(exactTime(room.updated_at))}>
              {ago(room.updated_at)}
            </time>
          </Text>
        </Flex>
      </Card>
    </li>
  )
}
