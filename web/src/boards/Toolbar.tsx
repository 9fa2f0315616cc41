// Above a list of boards: searching, the order.
import { Select } from '@radix-ui/themes'
import { SearchField } from '../components/SearchField'
import { listPreferences } from '../lib/preferences'
import { SORTS, type Sort } from '../lib/rooms'
import { t } from '../texts'

interface Props {
  search: string
  onSearch: (search: string) => void
  /* undefined: this list has one order only */
  sort?: Sort | undefined
}

export function Toolbar({ search, onSearch, sort }: Props) {
  return (
    <>
      <SearchField value={search} label={t.boards.search} onChange={onSearch} />
      {sort && (
        <Select.Root size="3" value={sort} onValueChange={(s) => listPreferences.set({ sort: s as Sort })}>
          <Select.Trigger variant="surface" aria-label={t.boards.sort} />
          <Select.Content position="popper">
            {SORTS.map((s) => (
              <Select.Item key={s} value={s}>
                {t.boards.sorts[s]}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      )}
    </>
  )
}
