// What only administrators ask and change.
import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { BoardsFate } from './account'
import { api, query, segment } from './api'
import type { AccountRole, Person, Room, User } from './types'

const PAGE = 50

export interface AdminUser extends User {
  boards: number
  /* of the boards that are theirs */
  bytes: number
  /* of what they uploaded */
  files: number
  sessions: number
  last_seen_at: number | null
  disabled: boolean
}

export interface AdminRoom extends Pick<Room, 'id' | 'name' | 'created_at' | 'updated_at' | 'deleted_at'> {
  owner: Person | null
  /* of what is drawn on it */
  size: number
  files: number
}

export interface Activity {
  id: string
  at: number
  action: string
  actor: Person | null
  actor_name: string | null
  room: { id: string; name: string } | null
  target: string | null
  address: string | null
  agent: string | null
}

export interface Setting {
  /* of the directive, without tidraw_ */
  name: string
  /* of a secret: whether it is set */
  value: string | number | boolean | null
  secret: boolean
  unit: null | 'bytes' | 'pixels' | 'seconds'
  environment: string | null
  source: 'directive' | 'environment' | 'default' | 'database'
  editable: boolean
}

interface Settings {
  settings: Setting[]
  license: { present: boolean }
}

type Rate = 'messages_in' | 'messages_out' | 'bytes_in' | 'bytes_out' | 'connects' | 'edits' | 'commits'

export interface Stats {
  version: string
  time: number
  /* seconds */
  uptime: number
  sessions: number
  rooms_open: number
  users: number
  rooms: number
  /* since the server started */
  totals: Record<string, number>
  /* per second, now */
  rates: Record<Rate, number>
  memory: { rss: number; zone_size: number; zone_used: number; people: number; people_max: number }
  database: { kind: 'sqlite' | 'postgresql'; ok: boolean; latency_ms: number; size: number }
  redis: { configured: boolean; ok: boolean }
  workers: unknown[]
}

type Page<Name extends string, Item> = Record<Name, Item[]> & { next: string | null }
type Filter = Record<string, string | number | null | undefined>

function paged<Name extends string, Item>(name: Name, filter: Filter) {
  return infiniteQueryOptions({
    queryKey: ['admin', name, filter],
    queryFn: ({ pageParam }) =>
      api.get<Page<Name, Item>>(`admin/${name}${query({ ...filter, limit: PAGE, cursor: pageParam })}`),
    initialPageParam: '',
    getNextPageParam: (page): string | null => page.next,
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
}

export const usersQuery = (filter: { q: string; sort?: 'created' | 'size' }) => paged<'users', AdminUser>('users', filter)

export const allRoomsQuery = (filter: { q: string; sort: 'updated' | 'size' | 'name' }) =>
  paged<'rooms', AdminRoom>('rooms', filter)

interface ActivityFilter {
  q: string
  action: string
  from: number | null
  to: number | null
}

export const activityQuery = (filter: ActivityFilter) => paged<'activity', Activity>('activity', { ...filter })

export const statsQuery = queryOptions({
  queryKey: ['admin', 'stats'],
  queryFn: () => api.get<Stats>('admin/stats'),
  staleTime: 0,
  refetchInterval: 2000,
})

export const settingsQuery = queryOptions({
  queryKey: ['admin', 'settings'],
  queryFn: () => api.get<Settings>('admin/settings'),
  staleTime: 0,
})

function useAdminMutation<Variables, Answer>(stale: string, mutationFn: (variables: Variables) => Promise<Answer>) {
  const client = useQueryClient()

  return useMutation({ mutationFn, onSettled: () => client.invalidateQueries({ queryKey: ['admin', stale] }) })
}

const user = (id: string, rest = '') => `admin/users/${segment(id)}${rest}`
const room = (id: string, rest = '') => `admin/rooms/${segment(id)}${rest}`

type NewUser = { email: string; name: string; role: AccountRole }

export const useAddUser = () =>
  useAdminMutation('users', (u: NewUser) => api.post<{ user: User; reset_link: string }>('admin/users', u))

export const useChangeUser = () =>
  useAdminMutation('users', ({ id, ...change }: { id: string; role?: AccountRole; disabled?: boolean }) =>
    api.patch<unknown>(user(id), change),
  )

export const useSignOutUser = () => useAdminMutation('users', (id: string) => api.delete(user(id, '/sessions')))

export const useResetUser = () =>
  useAdminMutation('users', (id: string) => api.post<{ reset_link: string }>(user(id, '/reset')))

export const useDeleteUser = () =>
  useAdminMutation('users', ({ id, how }: { id: string; how: BoardsFate }) => api.delete(user(id), how))

export const useGiveRoom = () =>
  useAdminMutation('rooms', ({ id, owner }: { id: string; owner: string }) => api.patch<unknown>(room(id), { owner }))

export const useBinRoom = () => useAdminMutation('rooms', (id: string) => api.delete(room(id)))
export const usePurgeAnyRoom = () => useAdminMutation('rooms', (id: string) => api.delete(room(id, '?forever=1')))
export const useUnbinRoom = () => useAdminMutation('rooms', (id: string) => api.post<unknown>(room(id, '/restore')))

export const useChangeSetting = () =>
  useAdminMutation('settings', (change: { registration: string }) => api.patch<Settings>('admin/settings', change))

export const useTestMail = () => useMutation({ mutationFn: () => api.post<{ sent: true }>('admin/mail/test') })
