// Every board of the server: whose, how large, when it changed.
import { Badge, Flex, Select, Text } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { SearchField, usePaused } from '../components/SearchField'
import { type AdminRoom, allRoomsQuery } from '../lib/admin'
import { ago, bytes, exactTime } from '../lib/time'
import { t } from '../texts'
import { AdminShell } from './AdminShell'
import { type Column, DataTable } from './DataTable'
import { RoomMenu } from './RoomMenu'

const COLUMNS: Column<AdminRoom>[] = [
  {
    name: t.admin.board,
    cell: (room) => (
      <>
        <Text as="p" size="2" weight="medium" className="td-break">
          {room.name} {room.deleted_at !== null && <Badge color="gray">{t.boards.bin}</Badge>}
        </Text>
        <Text as="p" size="1" color="gray">
          {room.owner?.name ?? t.admin.nobody}
        </Text>
      </>
    ),
  },
  { name: t.admin.size, align: 'right', cell: (room) => bytes(room.size + room.files) },
  {
    name: t.admin.changed,
    cell: (room) => <span title={exactTime(room.updated_at)}>{ago(room.updated_at)}</span>,
  },
  { name: t.admin.actions, align: 'right', cell: (room) => <RoomMenu room={room} /> },
]

const SORTS = ['updated', 'size', 'name'] as const

export function AllBoards() {
  const [search, setSearch] = useState('')
  const [sort, setSort] = useState<(typeof SORTS)[number]>('updated')
  const list = useInfiniteQuery(allRoomsQuery({ q: usePaused(search), sort }))

  return (
    <AdminShell title={t.admin.boards}>
      <Flex gap="3" mb="4" wrap="wrap">
        <SearchField value={search} label={t.boards.search} onChange={setSearch} />
        <Select.Root size="3" value={sort} onValueChange={(s) => setSort(s as typeof sort)}>
          <Select.Trigger aria-label={t.boards.sort} />
          <Select.Content position="popper">
            {SORTS.map((s) => (
              <Select.Item key={s} value={s}>
                {t.admin.sorts[s]}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      </Flex>
      <DataTable
        label={t.admin.boards}
        list={list}
        rows={list.data?.pages.flatMap((p) => p.rooms)}
        columns={COLUMNS}
        rowKey={(room) => room.id}
      />
    </AdminShell>
  )
}
