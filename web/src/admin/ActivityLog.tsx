// Who did what, when, from where.
import { Flex, Select, Text, TextField } from '@radix-ui/themes'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { SearchField, usePaused } from '../components/SearchField'
import { type Activity, activityQuery } from '../lib/admin'
import { deviceOf } from '../lib/agent'
import { DAY, exactTime } from '../lib/time'
import { t } from '../texts'
import { AdminShell } from './AdminShell'
import { type Column, DataTable } from './DataTable'

const COLUMNS: Column<Activity>[] = [
  { name: t.admin.when, cell: (a) => <time dateTime={new Date(a.at).toISOString()}>{exactTime(a.at)}</time> },
  { name: t.admin.who, cell: (a) => a.actor?.name ?? a.actor_name ?? '–' },
  {
    name: t.admin.what,
    cell: (a) => (
      <>
        <Text as="p" size="2">
          {t.admin.doings[a.action] ?? a.action}
        </Text>
        {(a.room || a.target) && (
          <Text as="p" size="1" color="gray" className="td-break">
            {[a.room?.name, a.target].filter(Boolean).join(' · ')}
          </Text>
        )}
      </>
    ),
  },
  {
    name: t.admin.where,
    cell: (a) => (
      <>
        <Text as="p" size="2">
          {a.address ?? '–'}
        </Text>
        <Text as="p" size="1" color="gray">
          {deviceOf(a.agent)}
        </Text>
      </>
    ),
  },
]

const ALL = '-'

export function ActivityLog() {
  const [search, setSearch] = useState('')
  const [action, setAction] = useState(ALL)
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')

  const list = useInfiniteQuery(
    activityQuery({
      q: usePaused(search),
      action: action === ALL ? '' : action,
      from: startOf(from),
      to: to ? (startOf(to) ?? 0) + DAY : null,
    }),
  )

  return (
    <AdminShell title={t.admin.activity}>
      <Flex gap="3" mb="4" wrap="wrap">
        <SearchField value={search} label={t.admin.searchActivity} onChange={setSearch} />
        <Select.Root size="3" value={action} onValueChange={setAction}>
          <Select.Trigger aria-label={t.admin.what} />
          <Select.Content position="popper">
            <Select.Item value={ALL}>{t.admin.everything}</Select.Item>
            {Object.entries(t.admin.doings).map(([name, text]) => (
              <Select.Item key={name} value={name}>
                {text}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
        <DateField label={t.admin.from} value={from} onChange={setFrom} />
        <DateField label={t.admin.to} value={to} onChange={setTo} />
      </Flex>
      <DataTable
        label={t.admin.activity}
        list={list}
        rows={list.data?.pages.flatMap((p) => p.activity)}
        columns={COLUMNS}
        rowKey={(a) => a.id}
      />
    </AdminShell>
  )
}

/* midnight of a day of the calendar, where the browser is */
function startOf(day: string): number | null {
  const at = new Date(`${day}T00:00`).getTime()
  return Number.isNaN(at) ? null : at
}

function DateField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextField.Root size="3" type="date" aria-label={label} value={value} onChange={(e) => onChange(e.target.value)}>
      <TextField.Slot>
        <Text size="1" color="gray" aria-hidden="true">
          {label}
        </Text>
      </TextField.Slot>
    </TextField.Root>
  )
}
