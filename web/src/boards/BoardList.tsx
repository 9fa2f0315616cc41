// A list of boards in every state it can be in.
import { MagnifyingGlassIcon } from '@radix-ui/react-icons'
import { Button } from '@radix-ui/themes'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failed, Note } from '../components/States'
import type { Room, RoomPage } from '../lib/types'
import { t } from '../texts'
import { BoardGrid, GridSkeleton } from './BoardGrid'

export type RoomList = UseInfiniteQueryResult<InfiniteData<RoomPage>>

export const roomsOf = (list: RoomList): Room[] => list.data?.pages.flatMap((page) => page.rooms) ?? []

interface Props {
  list: RoomList
  /* what was searched for, and how to see all again */
  search?: string
  onClearSearch?: () => void
  empty: ReactNode
  card: (room: Room) => ReactNode
}

export function BoardList({ list, search = '', onClearSearch, empty, card }: Props) {
  const rooms = roomsOf(list)

  if (list.isPending) return <GridSkeleton />
  if (list.isLoadingError) return <Failed title={t.boards.failed} error={list.error} onRetry={list.refetch} />
  if (rooms.length > 0) return <BoardGrid list={list}>{rooms.map(card)}</BoardGrid>
  if (search === '') return empty

  return (
    <Note icon={<MagnifyingGlassIcon width={22} height={22} />} title={t.boards.none} text={t.boards.noneText(search)}>
      <Button variant="soft" onClick={onClearSearch}>
        {t.boards.clearSearch}
      </Button>
    </Note>
  )
}
