// Searching the boards by name. The list of a person is short enough to be
// searched here; a search loads the pages that are still missing.
import { Cross2Icon, MagnifyingGlassIcon } from '@radix-ui/react-icons'
import { IconButton, TextField } from '@radix-ui/themes'
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import type { Room, RoomPage } from '../lib/types'
import { t } from '../texts'

export type RoomList = UseInfiniteQueryResult<InfiniteData<RoomPage>>

export function useFound(list: RoomList, query: string): Room[] {
  const { data, hasNextPage, isFetching, fetchNextPage } = list
  const wanted = query.trim().toLocaleLowerCase()

  useEffect(() => {
    if (wanted && hasNextPage && !isFetching) void fetchNextPage()
  }, [wanted, hasNextPage, isFetching, fetchNextPage])

  return useMemo(() => {
    const rooms = data?.pages.flatMap((page) => page.rooms) ?? []
    return wanted ? rooms.filter((r) => r.name.toLocaleLowerCase().includes(wanted)) : rooms
  }, [data, wanted])
}

export function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextField.Root
      size="3"
      type="search"
      className="td-search"
      placeholder={t.boards.search}
      aria-label={t.boards.search}
      value={value}
      onChange={(e) => onChange(e.target.value)}
    >
      <TextField.Slot>
        <MagnifyingGlassIcon />
      </TextField.Slot>
      {value && (
        <TextField.Slot side="right">
          <IconButton size="1" variant="ghost" color="gray" aria-label={t.boards.clearSearch} onClick={() => onChange('')}>
            <Cross2Icon />
          </IconButton>
        </TextField.Slot>
      )}
    </TextField.Root>
  )
}
