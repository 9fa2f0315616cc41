// The folders somebody sorts their boards into.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, query, segment } from './api'
import type { Folder, Room, RoomPage } from './types'

export const foldersQuery = queryOptions({
  queryKey: ['folders'],
  queryFn: () => api.get<{ folders: Folder[] }>('folders'),
})

function useFolderMutation<Variables, Answer>(mutationFn: (variables: Variables) => Promise<Answer>) {
  const client = useQueryClient()

  return useMutation({
    mutationFn,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['folders'] }),
        client.invalidateQueries({ queryKey: ['rooms'] }),
      ]),
  })
}

export const useCreateFolder = () => useFolderMutation((name: string) => api.post<Folder>('folders', { name }))

export const useRenameFolder = () =>
  useFolderMutation(({ id, name }: Folder) => api.patch<Folder>(`folders/${segment(id)}`, { name }))

/* gives the boards that were in it, so that it can be put back */
export const useDeleteFolder = () =>
  useFolderMutation(async (folder: Folder): Promise<Room[]> => {
    const rooms = await boardsIn(folder.id)
    await api.delete(`folders/${segment(folder.id)}`)
    return rooms
  })

export const useRestoreFolder = () =>
  useFolderMutation(async ({ name, rooms }: { name: string; rooms: Room[] }) => {
    const folder = await api.post<Folder>('folders', { name })
    await Promise.all(rooms.map((r) => api.put<void>(`rooms/${segment(r.id)}/folder`, { folder: folder.id })))
    return folder
  })

async function boardsIn(folder: string): Promise<Room[]> {
  const rooms: Room[] = []
  let cursor: string | null = ''

  while (cursor !== null) {
    const page: RoomPage = await api.get<RoomPage>(`rooms${query({ folder, limit: 200, cursor })}`)
    rooms.push(...page.rooms)
    cursor = page.next
  }
  return rooms
}
