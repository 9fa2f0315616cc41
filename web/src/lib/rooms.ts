// Questions and changes about boards.
import {
  type InfiniteData,
  type QueryClient,
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { api, segment } from './api'
import type { Room, RoomPage } from './types'

const PAGE = 50

export function roomsQuery(where: 'boards' | 'bin') {
  const bin = where === 'bin' ? '&deleted=1' : ''

  return infiniteQueryOptions({
    queryKey: ['rooms', where],
    queryFn: ({ pageParam }) =>
      api.get<RoomPage>(`rooms?limit=${PAGE}${bin}${pageParam ? `&cursor=${segment(pageParam)}` : ''}`),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  })
}

export function roomQuery(id: string, link: string | null) {
  return queryOptions({
    queryKey: ['room', id, link],
    queryFn: () => api.get<Room>(`rooms/${segment(id)}${link ? `?link=${segment(link)}` : ''}`),
  })
}

export function useCreateRoom() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (name: string) => api.post<Room>('rooms', { name }),
    /* nobody waits for the list: the new board is opened at once */
    onSuccess: () => void client.invalidateQueries({ queryKey: ['rooms'] }),
  })
}

type Pages = InfiniteData<RoomPage, string>

function changeRoom(client: QueryClient, id: string, change: (room: Room) => Room | null) {
  const apply = (room: Room) => (room.id === id ? change(room) : room)

  client.setQueriesData<Pages>({ queryKey: ['rooms'] }, (old) =>
    old && {
      ...old,
      pages: old.pages.map((p) => ({ ...p, rooms: p.rooms.map(apply).filter((r) => r !== null) })),
    },
  )
  client.setQueriesData<Room>({ queryKey: ['room', id] }, (old) => (old && apply(old)) ?? old)
}

/* shown at once; when the server refuses, what it has comes back */
export function useRenameRoom() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) => api.patch<Room>(`rooms/${segment(id)}`, { name }),
    onMutate: async ({ id, name }) => {
      await client.cancelQueries({ queryKey: ['rooms'] })
      await client.cancelQueries({ queryKey: ['room', id] })
      changeRoom(client, id, (room) => ({ ...room, name }))
    },
    onSettled: (_room, _error, { id }) => refresh(client, id),
  })
}

export function useDeleteRoom() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (id: string) => api.delete(`rooms/${segment(id)}`),
    onSuccess: (_void, id) => {
      changeRoom(client, id, () => null)
      client.removeQueries({ queryKey: ['room', id] })
      return client.invalidateQueries({ queryKey: ['rooms'] })
    },
  })
}

export function useRestoreRoom() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (id: string) => api.post<Room>(`rooms/${segment(id)}/restore`),
    onSuccess: (_room, id) => refresh(client, id),
  })
}

function refresh(client: QueryClient, id: string) {
  return Promise.all([
    client.invalidateQueries({ queryKey: ['rooms'] }),
    client.invalidateQueries({ queryKey: ['room', id] }),
  ])
}
