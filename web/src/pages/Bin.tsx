import { ResetIcon, TrashIcon } from '@radix-ui/react-icons'
import { Button, Card, Flex, Heading, IconButton, Text } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { BoardCover } from '../boards/BoardCover'
import { BoardList } from '../boards/BoardList'
import { BoardsShell } from '../boards/BoardsShell'
import { PurgeDialog } from '../components/PurgeDialog'
import { Note } from '../components/States'
import { useFailed, useToast } from '../components/Toasts'
import { roomsQuery, usePurgeRoom, useRestoreRoom } from '../lib/rooms'
import { ago } from '../lib/time'
import type { Room } from '../lib/types'
import { t } from '../texts'

export function Bin() {
  const list = useInfiniteQuery(roomsQuery({ deleted: true }))

  return (
    <BoardsShell title={t.boards.bin}>
      <Heading as="h1" size="7" mb="1">
        {t.boards.bin}
      </Heading>
      <Text as="p" size="2" color="gray" mb="5">
        {t.boards.binText}
      </Text>
      <BoardList
        list={list}
        empty={<Note icon={<TrashIcon width={22} height={22} />} title={t.boards.binEmpty} text={t.boards.binEmptyText} />}
        card={(room) => <DeletedBoard key={room.id} room={room} />}
      />
    </BoardsShell>
  )
}

function DeletedBoard({ room }: { room: Room }) {
  const toast = useToast()
  const failed = useFailed()
  const restore = useRestoreRoom()

  const bringBack = () =>
    restore.mutateAsync(room.id).then(() => toast({ text: t.boards.restored(room.name) }), failed)

  return (
    <li>
      <Card className="td-board td-board-deleted">
        <BoardCover room={room} />
        <Text as="p" size="3" weight="medium" truncate title={room.name} mt="3">
          {room.name}
        </Text>
        <Text as="p" size="1" color="gray" mb="3">
          {room.deleted_at !== null && t.boards.deletedAt(ago(room.deleted_at))}
        </Text>
        <Flex justify="between" gap="3">
          <Button
            variant="soft"
            loading={restore.isPending}
            aria-label={t.boards.restoreNamed(room.name)}
            onClick={() => void bringBack()}
          >
            <ResetIcon /> {t.boards.restore}
          </Button>
          <Purge room={room} />
        </Flex>
      </Card>
    </li>
  )
}

function Purge({ room }: { room: Room }) {
  const toast = useToast()
  const failed = useFailed()
  const purge = usePurgeRoom()
  const [asking, setAsking] = useState(false)

  const remove = () => void purge.mutateAsync(room.id).then(() => toast({ text: t.boards.purged(room.name) }), failed)

  return (
    <PurgeDialog name={room.name} open={asking} onOpenChange={setAsking} onPurge={remove}>
      <IconButton
        variant="soft"
        color="red"
        loading={purge.isPending}
        aria-label={t.boards.purgeNamed(room.name)}
        title={t.boards.purge}
      >
        <TrashIcon />
      </IconButton>
    </PurgeDialog>
  )
}
