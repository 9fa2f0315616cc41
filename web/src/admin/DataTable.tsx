// A table in every state that a list can be in. On a phone each row becomes a
// small list of what its columns say.
import { MagnifyingGlassIcon } from '@radix-ui/react-icons'
import { Button, Flex, Table } from '@radix-ui/themes'
import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failed, Loading, Note } from '../components/States'
import { t } from '../texts'

export interface Column<Row> {
  name: string
  cell: (row: Row) => ReactNode
  align?: 'right'
}

/* of a list that comes in pages */
type More = Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>

interface Props<Row> {
  label: string
  list: Pick<UseQueryResult, 'error' | 'isLoadingError' | 'refetch'> & Partial<More>
  rows: Row[] | undefined
  columns: Column<Row>[]
  rowKey: (row: Row) => string
}

export function DataTable<Row>({ label, list, rows, columns, rowKey }: Props<Row>) {
  if (list.isLoadingError) return <Failed title={t.admin.failed} error={list.error} onRetry={list.refetch} />
  if (!rows) return <Loading />
  if (rows.length === 0) {
    return <Note icon={<MagnifyingGlassIcon width={22} height={22} />} title={t.admin.nothing} text={t.admin.nothingText} />
  }

  return (
    <>
      <Table.Root variant="surface" className="td-table" aria-label={label}>
        <Table.Header>
          <Table.Row>
            {columns.map((c) => (
              <Table.ColumnHeaderCell key={c.name} justify={c.align === 'right' ? 'end' : 'start'}>
                {c.name}
              </Table.ColumnHeaderCell>
            ))}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {rows.map((row) => (
            <Table.Row key={rowKey(row)} align="center">
              {columns.map((c) => (
                <Table.Cell key={c.name} data-name={c.name} justify={c.align === 'right' ? 'end' : 'start'}>
                  <div className="td-cell">{c.cell(row)}</div>
                </Table.Cell>
              ))}
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
      {list.hasNextPage && (
        <Flex justify="center" mt="4">
          <Button variant="soft" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage?.()}>
            {t.boards.more}
          </Button>
        </Flex>
      )}
    </>
  )
}
