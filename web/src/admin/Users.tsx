import { Badge, Flex, Text } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { PersonAvatar } from '../components/PersonAvatar'
import { SearchField, usePaused } from '../components/SearchField'
import { type AdminUser, usersQuery } from '../lib/admin'
import { ago, amount, bytes, exactTime } from '../lib/time'
import { t } from '../texts'
import { AddUser } from './AddUser'
import { AdminShell } from './AdminShell'
import { type Column, DataTable } from './DataTable'
import { UserMenu } from './UserMenu'

const COLUMNS: Column<AdminUser>[] = [
  {
    name: t.admin.user,
    cell: (user) => (
      <Flex align="center" gap="2">
        <PersonAvatar person={user} />
        <div className="td-grow">
          <Text as="p" size="2" weight="medium">
            {user.name} {user.role === 'admin' && <Badge>{t.admin.roles.admin}</Badge>}{' '}
            {user.disabled && <Badge color="red">{t.admin.disabled}</Badge>}
          </Text>
          <Text as="p" size="1" color="gray" className="td-break">
            {user.email}
          </Text>
        </div>
      </Flex>
    ),
  },
  { name: t.admin.boards, align: 'right', cell: (user) => amount(user.boards) },
  { name: t.admin.size, align: 'right', cell: (user) => bytes(user.bytes + user.files) },
  { name: t.admin.sessions, align: 'right', cell: (user) => amount(user.sessions) },
  {
    name: t.admin.lastSeen,
    cell: (user) =>
      user.last_seen_at ? <span title={exactTime(user.last_seen_at)}>{ago(user.last_seen_at)}</span> : t.admin.never,
  },
  { name: t.admin.actions, align: 'right', cell: (user) => <UserMenu user={user} /> },
]

export function Users() {
  const [search, setSearch] = useState('')
  const list = useInfiniteQuery(usersQuery({ q: usePaused(search) }))

  return (
    <AdminShell title={t.admin.users}>
      <Flex gap="3" mb="4" wrap="wrap" justify="between">
        <SearchField value={search} label={t.admin.searchUsers} onChange={setSearch} />
        <AddUser />
      </Flex>
      <DataTable
        label={t.admin.users}
        list={list}
        rows={list.data?.pages.flatMap((p) => p.users)}
        columns={COLUMNS}
        rowKey={(user) => user.id}
      />
    </AdminShell>
  )
}
