import { MagnifyingGlassIcon, PlusIcon, ReaderIcon } from '@radix-ui/react-icons'
import { Button, Flex, Heading } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { BoardCard } from '../components/BoardCard'
import { BoardGrid, GridSkeleton } from '../components/BoardGrid'
import { PageShell } from '../components/PageShell'
import { SearchField, useFound } from '../components/SearchField'
import { Failed, Note } from '../components/States'
import { useToast } from '../components/Toasts'
import { errorText } from '../lib/errors'
import { roomsQuery, useCreateRoom } from '../lib/rooms'
import { t } from '../texts'

export function Boards() {
  const navigate = useNavigate()
  const toast = useToast()
  const create = useCreateRoom()
  const list = useInfiniteQuery(roomsQuery('boards'))
  const [query, setQuery] = useState('')
  const rooms = useFound(list, query)

  const nothing = list.data !== undefined && rooms.length === 0 && query === ''

  const makeBoard = () =>
    create.mutate(t.boards.untitled, {
      onSuccess: (room) => navigate(`/board/${room.id}`),
      onError: (error) => toast({ text: errorText(error), tone: 'error' }),
    })

  const createButton = (
    <Button size="3" loading={create.isPending} onClick={makeBoard}>
      <PlusIcon /> {t.boards.create}
    </Button>
  )

  return (
    <PageShell title={t.boards.title}>
      <Flex align="center" justify="between" gap="4" mb="5" wrap="wrap">
        <Heading as="h1" size="7">
          {t.boards.title}
        </Heading>
        {!nothing && (
          <Flex gap="3" align="center" className="td-tools">
            <SearchField value={query} onChange={setQuery} />
            {createButton}
          </Flex>
        )}
      </Flex>
      {list.isPending && <GridSkeleton />}
      {list.isLoadingError && <Failed title={t.boards.failed} error={list.error} onRetry={list.refetch} />}
      {list.data && rooms.length > 0 && (
        <BoardGrid list={list}>
          {rooms.map((room) => (
            <BoardCard key={room.id} room={room} />
          ))}
        </BoardGrid>
      )}
      {nothing && (
        <Note icon={<ReaderIcon width={22} height={22} />} title={t.boards.empty} text={t.boards.emptyText}>
          {createButton}
        </Note>
      )}
      {list.data && rooms.length === 0 && query !== '' && !list.hasNextPage && (
        <Note
          icon={<MagnifyingGlassIcon width={22} height={22} />}
          title={t.boards.none}
          text={t.boards.noneText(query)}
        >
          <Button variant="soft" onClick={() => setQuery('')}>
            {t.boards.clearSearch}
          </Button>
        </Note>
      )}
    </PageShell>
  )
}
