// Who uses how much of the disk, the largest first; the bars compare those that
// are shown.
import { Flex, Progress, Text } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { SearchField, usePaused } from '../components/SearchField'
import { type AdminUser, usersQuery } from '../lib/admin'
import { amount, bytes } from '../lib/time'
import { t } from '../texts'
import { AdminShell } from './AdminShell'
import { type Column, DataTable } from './DataTable'

const total = (user: AdminUser) => user.bytes + user.files

export function Storage() {
  const [search, setSearch] = useState('')
  const list = useInfiniteQuery(usersQuery({ q: usePaused(search), sort: 'size' }))
  const users = list.data?.pages.flatMap((p) => p.users)
  const most = Math.max(1, ...(users ?? []).map(total))

  const columns: Column<AdminUser>[] = [
    {
      name: t.admin.user,
      cell: (user) => (
        <>
          <Text as="p" size="2" weight="medium">
            {user.name}
          </Text>
          <Text as="p" size="1" color="gray" className="td-break">
            {user.email}
          </Text>
        </>
      ),
    },
    { name: t.admin.boards, align: 'right', cell: (user) => amount(user.boards) },
    { name: t.admin.drawings, align: 'right', cell: (user) => bytes(user.bytes) },
    { name: t.admin.files, align: 'right', cell: (user) => bytes(user.files) },
    {
      name: t.admin.together,
      align: 'right',
      cell: (user) => (
        <Flex align="center" justify="end" gap="3">
          <Progress value={(total(user) / most) * 100} className="td-bar" aria-label={t.admin.shareOf(user.name)} />
          {bytes(total(user))}
        </Flex>
      ),
    },
  ]

  return (
    <AdminShell title={t.admin.storage}>
      <Flex mb="4">
        <SearchField value={search} label={t.admin.searchUsers} onChange={setSearch} />
      </Flex>
      <DataTable label={t.admin.storage} list={list} rows={users} columns={columns} rowKey={(user) => user.id} />
    </AdminShell>
  )
}
