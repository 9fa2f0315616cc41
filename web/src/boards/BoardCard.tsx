import { StarFilledIcon, StarIcon } from '@radix-ui/react-icons'
import { Card, Flex, IconButton, Text } from '@radix-ui/themes'
import { useRef, useState } from 'react'
import { Link } from 'react-router-dom'
import { PersonAvatar } from '../components/PersonAvatar'
import { RenameField } from '../components/RenameField'
import { useFailed } from '../components/Toasts'
import { loadBoard } from '../lib/board'
import { useUser } from '../lib/query'
import { useFavourite } from '../lib/rooms'
import { ago, exactTime } from '../lib/time'
import type { Room } from '../lib/types'
import { t } from '../texts'
import { BoardCover } from './BoardCover'
import { BoardMenu } from './BoardMenu'
import { HereNow } from './HereNow'

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
        <BoardCover room={room} />
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
          {!renaming && (
            <Flex align="center" gap="4" mr="1">
              <Favourite room={room} />
              <BoardMenu room={room} onRename={() => setRenaming(true)} />
            </Flex>
          )}
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
        <HereNow room={room} />
      </Card>
    </li>
  )
}

function Favourite({ room }: { room: Room }) {
  const failed = useFailed()
  const favourite = useFavourite()
  const Icon = room.favourite ? StarFilledIcon : StarIcon

  const toggle = () => favourite.mutateAsync({ id: room.id, favourite: !room.favourite }).catch(failed)

  return (
    <IconButton
      variant="ghost"
      color={room.favourite ? 'amber' : 'gray'}
      className="td-above"
      aria-label={t.boards.favourite(room.name)}
      aria-pressed={room.favourite}
      onClick={() => void toggle()}
    >
      <Icon />
    </IconButton>
  )
}
