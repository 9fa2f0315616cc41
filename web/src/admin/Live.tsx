// How the server is doing at this moment.
import { CheckCircledIcon, CrossCircledIcon } from '@radix-ui/react-icons'
import { Card, DataList, Grid, Text } from '@radix-ui/themes'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Section } from '../components/Section'
import { Failed, Loading } from '../components/States'
import { type Stats, statsQuery } from '../lib/admin'
import { amount, bytes, duration } from '../lib/time'
import { t } from '../texts'
import { AdminShell } from './AdminShell'

const KINDS = { sqlite: 'SQLite', postgresql: 'PostgreSQL' }

export function Live() {
  const stats = useQuery(statsQuery)

  return (
    <AdminShell title={t.admin.live}>
      {stats.isLoadingError && <Failed title={t.admin.failed} error={stats.error} onRetry={stats.refetch} />}
      {stats.isPending && <Loading />}
      {stats.data && <Numbers stats={stats.data} />}
    </AdminShell>
  )
}

function Numbers({ stats }: { stats: Stats }) {
  const { memory, database, rates, redis } = stats

  return (
    <>
      <Grid columns={{ initial: '2', sm: '4' }} gap="3" mb="4">
        <Figure name={t.admin.sessions} value={amount(stats.sessions)} />
        <Figure name={t.admin.openBoards} value={amount(stats.rooms_open)} />
        <Figure name={t.admin.users} value={amount(stats.users)} />
        <Figure name={t.admin.boards} value={amount(stats.rooms)} />
        <Figure name={t.admin.messagesIn} value={t.admin.perSecond(amount(rates.messages_in))} />
        <Figure name={t.admin.messagesOut} value={t.admin.perSecond(amount(rates.messages_out))} />
        <Figure name={t.admin.commits} value={t.admin.perSecond(amount(rates.commits))} />
        <Figure name={t.admin.traffic} value={t.admin.perSecond(bytes(rates.bytes_in + rates.bytes_out))} />
      </Grid>
      <Section title={t.admin.state}>
        <DataList.Root size="2">
          <Fact name={t.admin.database}>
            <State ok={database.ok}>
              {database.ok ? t.admin.databaseOk(KINDS[database.kind], amount(database.latency_ms)) : t.admin.databaseAway}
            </State>
          </Fact>
          <Fact name={t.admin.databaseSize}>{bytes(database.size)}</Fact>
          <Fact name="Redis">
            {redis.configured ? (
              <State ok={redis.ok}>{redis.ok ? t.admin.connected : t.admin.notConnected}</State>
            ) : (
              t.admin.notUsed
            )}
          </Fact>
          <Fact name={t.admin.memory}>{bytes(memory.rss)}</Fact>
          <Fact name={t.admin.shared}>{t.admin.sharedOf(bytes(memory.zone_used), bytes(memory.zone_size), amount(memory.people), amount(memory.people_max))}</Fact>
          <Fact name={t.admin.workers}>{amount(stats.workers.length)}</Fact>
          <Fact name={t.admin.uptime}>{duration(stats.uptime)}</Fact>
          <Fact name={t.admin.version}>{stats.version}</Fact>
        </DataList.Root>
      </Section>
    </>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <Card>
      <Text as="p" size="1" color="gray">
        {name}
      </Text>
      <Text as="p" size="6" weight="bold">
        {value}
      </Text>
    </Card>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <DataList.Item>
      <DataList.Label minWidth="120px">{name}</DataList.Label>
      <DataList.Value>{children}</DataList.Value>
    </DataList.Item>
  )
}

function State({ ok, children }: { ok: boolean; children: ReactNode }) {
  return (
    <Text color={ok ? 'green' : 'red'} className="td-state">
      {ok ? <CheckCircledIcon /> : <CrossCircledIcon />} {children}
    </Text>
  )
}
