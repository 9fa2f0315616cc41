// Questions and changes about boards.
import {
  type InfiniteData,
  type QueryClient,
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { ApiError, api, query, request, segment } from './api'
import { drawingName, isExcalidraw, keepDrawing, readDrawing } from './excalidraw'
import { nameOf } from './names'
import { language, t } from '../texts'
import { bringTldr } from './tldr'
import type { Room, RoomPage, Template } from './types'

const PAGE = 50

/* how often a list that is looked at learns who is on a board now */
const LIVE = 10_000

export const SORTS = ['updated', 'opened', 'name', 'created'] as const
export type Sort = (typeof SORTS)[number]

export interface Wanted {
  q?: string
  sort?: Sort
  folder?: string | undefined
  favourite?: boolean
  deleted?: boolean
}

export function roomsQuery(wanted: Wanted) {
  return infiniteQueryOptions({
    queryKey: ['rooms', wanted],
    queryFn: ({ pageParam }) =>
      api.get<RoomPage>(`rooms${query({ ...wanted, limit: PAGE, cursor: pageParam })}`),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    staleTime: 0,
    refetchInterval: LIVE,
    placeholderData: keepPreviousData,
  })
}

export function roomQuery(id: string, link: string | null) {
  return queryOptions({
    queryKey: ['room', id, link],
    queryFn: () => api.get<Room>(`rooms/${segment(id)}${query({ link })}`),
  })
}

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: () => api.get<{ templates: Template[] }>(`templates${query({ locale: language })}`),
  staleTime: Infinity,
})

const path = (id: string, rest = '') => `rooms/${segment(id)}${rest}`

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

function refresh(client: QueryClient, id?: string) {
  return Promise.all([
    client.invalidateQueries({ queryKey: ['rooms'] }),
    id && client.invalidateQueries({ queryKey: ['room', id] }),
  ])
}

/* a new board: nobody waits for the list, the board is opened at once */
function useNewRoom<Variables>(mutationFn: (variables: Variables) => Promise<Room>) {
  const client = useQueryClient()

  return useMutation({ mutationFn, onSuccess: () => void refresh(client) })
}

export const useCreateRoom = () =>
  useNewRoom((room: { name: string; template?: string; folder?: string | undefined }) =>
    api.post<Room>('rooms', { ...room, ...(room.template && { locale: language }) }),
  )

export const useDuplicateRoom = () =>
  useNewRoom(({ id, name }: Pick<Room, 'id' | 'name'>) =>
    api.post<Room>(path(id, '/duplicate'), { name: nameOf(name, t.boards.copyEnd) }),
  )

export const isBoardFile = (file: File) => isExcalidraw(file) || /\.tldr$/i.test(file.name)

/* a file becomes a board of its own: a .tldr by the server, one of Excalidraw by the editor when it opens */
export const useImportRoom = () =>
  useNewRoom(async (file: File) => {
    if (isExcalidraw(file)) {
      const drawing = readDrawing(await file.text())
      if (!drawing) throw new ApiError('bad_request', 0, 'No drawing', 'excalidraw')

      const room = await api.post<Room>('rooms', { name: drawingName(file) || t.boards.untitled })
      keepDrawing(room.id, drawing)
      return room
    }

    const name = nameOf(file.name.replace(/\.(tldr|json)$/i, '')) || t.boards.untitled

    return bringTldr(file, name).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== 'bad_request') throw error
      throw new ApiError('bad_request', error.status, error.message, 'tldr')
    })
  })

/* shown at once; when the server refuses, what it has comes back */
function useRoomChange<Variables extends { id: string }>(
  mutationFn: (variables: Variables) => Promise<unknown>,
  change: (room: Room, variables: Variables) => Room,
) {
  const client = useQueryClient()

  return useMutation({
    mutationFn,
    onMutate: async (variables: Variables) => {
      await client.cancelQueries({ queryKey: ['rooms'] })
      await client.cancelQueries({ queryKey: ['room', variables.id] })
      changeRoom(client, variables.id, (room) => change(room, variables))
    },
    onSettled: (_answer, _error, { id }) => refresh(client, id),
  })
}

export const useRenameRoom = () =>
  useRoomChange(
    ({ id, name }: { id: string; name: string }) => api.patch<Room>(path(id), { name }),
    (room, { name }) => ({ ...room, name }),
  )

export const useFavourite = () =>
  useRoomChange(
    ({ id, favourite }: { id: string; favourite: boolean }) =>
      favourite ? api.put<void>(path(id, '/favourite'), {}) : api.delete(path(id, '/favourite')),
    (room, { favourite }) => ({ ...room, favourite }),
  )

export const useMoveRoom = () =>
  useRoomChange(
    ({ id, folder }: { id: string; folder: string | null }) => api.put<void>(path(id, '/folder'), { folder }),
    (room, { folder }) => ({ ...room, folder }),
  )

/* to the bin; from there, for ever */
function useTakeAway(mutationFn: (id: string) => Promise<void>) {
  const client = useQueryClient()

  return useMutation({
    mutationFn,
    onSuccess: (_void, id) => {
      changeRoom(client, id, () => null)
      client.removeQueries({ queryKey: ['room', id] })
      return refresh(client)
    },
  })
}

export const useDeleteRoom = () => useTakeAway((id) => api.delete(path(id)))
export const usePurgeRoom = () => useTakeAway((id) => api.delete(path(id, '?forever=1')))

export function useRestoreRoom() {
  const client = useQueryClient()

  return useMutation({
    mutationFn: (id: string) => api.post<Room>(path(id, '/restore')),
    onSuccess: (_room, id) => refresh(client, id),
  })
}

export async function putThumbnail(id: string, link: string | null, image: Blob): Promise<void> {
  await request('PUT', path(id, `/thumbnail${query({ link })}`), image, { 'Content-Type': image.type })
}

