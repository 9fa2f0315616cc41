// Questions and changes about the history of a board.
import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, query, segment } from '../lib/api'
import type { Person, Room } from '../lib/types'
import { type Snapshot, recordsOf } from './snapshot'

/* how often somebody who looks learns what was drawn meanwhile */
const LIVE = 15_000

/* moments are whole boards: what is not shown any more is soon forgotten */
const KEPT = 20_000

export interface Moment {
  clock: number
  at: number
  people: ({ id: string } | { name: string })[]
}

export interface Version {
  clock: number
  at: number
  name: string
  by: Person | null
}

export interface Moments {
  from: number
  to: number
  step: number
  moments: Moment[]
  versions: Version[]
  people: Person[]
}

/* a part of the time that is kept */
export interface Part {
  from: number
  to: number
}

const path = (room: string, link: string | null, rest = '', part: Part | null = null) =>
  `rooms/${segment(room)}/history${rest}${query({ link, ...part })}`

/* null: everything that is kept */
export const momentsQuery = (room: string, link: string | null, part: Part | null) =>
  queryOptions({
    queryKey: ['history', room, link, 'moments', part],
    queryFn: () => api.get<Moments>(path(room, link, '', part)),
    staleTime: 0,
    refetchInterval: LIVE,
    placeholderData: keepPreviousData,
  })

export const boardQuery = (room: string, link: string | null, clock: number) =>
  queryOptions({
    queryKey: ['history', room, link, 'board', clock],
    queryFn: async ({ signal }) => recordsOf(await api.get<Snapshot>(path(room, link, `/${clock}`), signal)),
    staleTime: Infinity,
    gcTime: KEPT,
    structuralSharing: false,
    placeholderData: keepPreviousData,
  })

function useHistoryMutation<Variables, Answer>(room: string, mutationFn: (variables: Variables) => Promise<Answer>) {
  const client = useQueryClient()

  return useMutation({
    mutationFn,
    onSettled: () => client.invalidateQueries({ queryKey: ['history', room], predicate: (q) => q.queryKey[3] === 'moments' }),
  })
}

/* before: the clock that the board had; the same when nothing was to be done */
export const useRestore = (room: string, link: string | null) =>
  useHistoryMutation(room, (clock: number) =>
    api.post<{ clock: number; before: number }>(path(room, link, `/${clock}/restore`)),
  )

export const useCopy = (room: string, link: string | null) =>
  useHistoryMutation(room, ({ clock, name }: { clock: number; name: string }) =>
    api.post<Room>(path(room, link, `/${clock}/copy`), { name }),
  )

export const useNameVersion = (room: string, link: string | null) =>
  useHistoryMutation(room, ({ clock, name }: { clock: number; name: string }) =>
    api.put<void>(path(room, link, `/${clock}/name`), { name }),
  )

export const useUnnameVersion = (room: string, link: string | null) =>
  useHistoryMutation(room, (clock: number) => api.delete(path(room, link, `/${clock}/name`)))
