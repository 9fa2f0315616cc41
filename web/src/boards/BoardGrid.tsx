import { Button, Card, Flex, Grid, Skeleton, Text } from '@radix-ui/themes'
import type { ReactNode } from 'react'
import { t } from '../texts'
import type { RoomList } from './BoardList'

const COLUMNS = { initial: '1', xs: '2', md: '3' }

export function BoardGrid({ list, children }: { list: RoomList; children: ReactNode }) {
  return (
    <>
      <Grid columns={COLUMNS} gap="4" asChild>
        <ul className="td-list">{children}</ul>
      </Grid>
      {list.hasNextPage && (
        <Flex justify="center" mt="5">
          <Button variant="soft" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t.boards.more}
          </Button>
        </Flex>
      )}
    </>
  )
}

export function GridSkeleton() {
  return (
    <Grid columns={COLUMNS} gap="4" role="status" aria-label={t.loading}>
      {[0, 1, 2, 3, 4, 5].map((n) => (
        <Card key={n} className="td-board" aria-hidden="true">
          <Skeleton className="td-cover" mb="3" />
          <Text as="p" size="3" mb="2">
            <Skeleton>{t.boards.untitled}</Skeleton>
          </Text>
          <Text as="p" size="1">
            <Skeleton>{t.boards.untitled}</Skeleton>
          </Text>
        </Card>
      ))}
    </Grid>
  )
}
