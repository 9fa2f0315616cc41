// The lists of boards: all, opened last, favourites, one folder.
import { ArchiveIcon, ClockIcon, ReaderIcon, StarIcon } from '@radix-ui/react-icons'
import { Flex, Heading } from '@radix-ui/themes'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Navigate, useParams } from 'react-router-dom'
import { BoardCard } from '../boards/BoardCard'
import { BoardList, roomsOf } from '../boards/BoardList'
import { BoardsShell } from '../boards/BoardsShell'
import { FolderActions } from '../boards/FolderActions'
import { NewBoard } from '../boards/NewBoard'
import { Toolbar } from '../boards/Toolbar'
import { Note } from '../components/States'
import { usePaused } from '../components/SearchField'
import { foldersQuery } from '../lib/folders'
import { listPreferences } from '../lib/preferences'
import { type Sort, type Wanted, roomsQuery } from '../lib/rooms'
import { t } from '../texts'

export function AllBoards() {
  const { sort } = listPreferences.use()

  return (
    <Boards
      title={t.boards.all}
      sort={sort}
      wanted={{}}
      empty={
        <Note icon={<ReaderIcon width={22} height={22} />} title={t.boards.empty} text={t.boards.emptyText}>
          <NewBoard />
        </Note>
      }
      quiet
    />
  )
}

export function RecentBoards() {
  return (
    <Boards
      title={t.boards.recent}
      wanted={{ sort: 'opened' }}
      empty={<Note icon={<ClockIcon width={22} height={22} />} title={t.boards.recentEmpty} text={t.boards.recentEmptyText} />}
    />
  )
}

export function FavouriteBoards() {
  const { sort } = listPreferences.use()

  return (
    <Boards
      title={t.boards.favourites}
      sort={sort}
      wanted={{ favourite: true }}
      empty={
        <Note
          icon={<StarIcon width={22} height={22} />}
          title={t.boards.favouritesEmpty}
          text={t.boards.favouritesEmptyText}
        />
      }
    />
  )
}

export function FolderBoards() {
  const { id = '' } = useParams()
  const { sort } = listPreferences.use()
  const { data } = useQuery(foldersQuery)
  const folder = data?.folders.find((f) => f.id === id)

  if (data && !folder) return <Navigate to="/" replace />

  return (
    <Boards
      key={id}
      title={folder?.name ?? ''}
      actions={folder && <FolderActions folder={folder} />}
      sort={sort}
      wanted={{ folder: id }}
      empty={
        <Note icon={<ArchiveIcon width={22} height={22} />} title={t.boards.folderEmpty} text={t.boards.folderEmptyText} />
      }
    />
  )
}

interface Props {
  title: string
  actions?: ReactNode
  /* the order that the person chose; undefined: the list has its own */
  sort?: Sort
  wanted: Wanted
  empty: ReactNode
  /* no tools as long as there is nothing to use them on */
  quiet?: boolean
}

function Boards({ title, actions, sort, wanted, empty, quiet = false }: Props) {
  const [search, setSearch] = useState('')
  const q = usePaused(search)
  const list = useInfiniteQuery(roomsQuery({ ...(sort && { sort }), ...wanted, ...(q && { q }) }))
  /* not even for the moment before the list: what is opened there would close again */
  const nothing = quiet && (list.isPending || (list.data !== undefined && roomsOf(list).length === 0)) && search === '' && q === ''

  return (
    <BoardsShell title={title}>
      <Flex align="center" justify="between" gap="4" mb="5" wrap="wrap">
        <Flex align="center" gap="3">
          <Heading as="h1" size="7" className="td-title">
            {title}
          </Heading>
          {actions}
        </Flex>
        {!nothing && (
          <Flex gap="3" align="center" wrap="wrap" className="td-tools">
            <Toolbar search={search} onSearch={setSearch} sort={sort} />
            <NewBoard folder={wanted.folder} />
          </Flex>
        )}
      </Flex>
      <BoardList
        list={list}
        search={q}
        onClearSearch={() => setSearch('')}
        empty={empty}
        card={(room) => <BoardCard key={room.id} room={room} />}
      />
    </BoardsShell>
  )
}
