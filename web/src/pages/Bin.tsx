import { ResetIcon, TrashIcon } from '@radix-ui/react-icons'
import { Button, Card, Flex, Heading, Text } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { BoardCover } from '../components/BoardCover'
import { BoardGrid, GridSkeleton } from '../components/BoardGrid'
import { PageShell } from '../components/PageShell'
import { Failed, Note } from '../components/States'
import { useToast } from '../components/Toasts'
import { errorText } from '../lib/errors'
import { roomsQuery, useRestoreRoom } from '../lib/rooms'
import { ago } from '../lib/time'
import type { Room } from '../lib/types'
import { t } from '../texts'

export function Bin() {
  const list = useInfiniteQuery(roomsQuery('bin'))
  const rooms = list.data?.pages.flatMap((page) => page.rooms) ?? []

  return (
    <PageShell title={t.boards.bin}>
      <Heading as="h1" size="7" mb="5">
        {t.boards.bin}
      </Heading>
      {list.isPending && <GridSkeleton />}
      {list.isLoadingError && <Failed title={t.boards.failed} error={list.error} onRetry={list.refetch} />}
      {list.data && rooms.length > 0 && (
        <BoardGrid list={list}>
          {rooms.map((room) => (
            <DeletedBoard key={room.id} room={room} />
          ))}
        </BoardGrid>
      )}
      {list.data && rooms.length === 0 && (
        <Note icon={<TrashIcon width={22} height={22} />} title={t.boards.binEmpty} text={t.boards.binEmptyText} />
      )}
    </PageShell>
  )
}

function DeletedBoard({ room }: { room: Room }) {
  const toast = useToast()
  const restore = useRestoreRoom()

  const bringBack = () =>
    restore.mutateAsync(room.id).then(
      () => toast({ text: t.boards.restored(room.name) }),
      (error: unknown) => toast({ text: errorText(error), tone: 'error' }),
    )

  return (
    <li>
      <Card className="td-board td-board-deleted">
        <BoardCover id={room.id} />
        <Flex align="center" justify="between" gap="3" mt="3">
          <div className="td-grow">
            <Text as="p" size="3" weight="medium" truncate title={room.name}>
              {room.name}
            </Text>
            <Text as="p" size="1" color="gray">
              {room.deleted_at !== null && t.boards.deletedAt(ago(room.deleted_at))}
            </Text>
          </div>
          <Button variant="soft" loading={restore.isPending} onClick={() => void bringBack()}>
            <ResetIcon /> {t.boards.restore}
          </Button>
        </Flex>
      </Card>
    </li>
  )
}
