// A link with limits: how long, and for whom knows a password.
import { PlusIcon } from '@radix-ui/react-icons'
import { Button, Flex, Popover, Select } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { PasswordField } from '../components/Field'
import { FormError } from '../components/FormError'
import { useCreateLink } from '../lib/sharing'
import type { LinkRole, Room } from '../lib/types'
import { t } from '../texts'
import { EXPIRIES, type Expiry, expiresAt } from './expiry'
import { RoleSelect } from './RoleSelect'

export function NewLink({ room }: { room: Room }) {
  const [open, setOpen] = useState(false)

  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger>
        <Button variant="ghost" mt="3" mx="0">
          <PlusIcon /> {t.share.limitedLink}
        </Button>
      </Popover.Trigger>
      <Popover.Content width="320px" aria-label={t.share.limitedLink}>
        <NewLinkForm room={room} onDone={() => setOpen(false)} />
      </Popover.Content>
    </Popover.Root>
  )
}

const ROLES: LinkRole[] = ['viewer', 'editor']

function NewLinkForm({ room, onDone }: { room: Room; onDone: () => void }) {
  const create = useCreateLink(room.id)
  const [role, setRole] = useState<LinkRole>('viewer')
  const [expiry, setExpiry] = useState<Expiry>('7')
  const [password, setPassword] = useState('')

  const send = (event: FormEvent) => {
    event.preventDefault()
    event.stopPropagation()
    const expires_at = expiresAt(expiry)
    create
      .mutateAsync({ role, ...(expires_at !== null && { expires_at }), ...(password && { password }) })
      .then(onDone, () => undefined)
  }

  return (
    <form onSubmit={send}>
      <Flex gap="2" mb="4">
        <RoleSelect value={role} roles={ROLES} label={t.share.role} onChange={(r) => setRole(r as LinkRole)} />
        <Select.Root value={expiry} onValueChange={(e) => setExpiry(e as Expiry)}>
          <Select.Trigger variant="soft" color="gray" aria-label={t.share.expiry} />
          <Select.Content>
            {EXPIRIES.map((e) => (
              <Select.Item key={e} value={e}>
                {t.share.expiries[e]}
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Root>
      </Flex>
      <PasswordField
        label={t.share.linkPassword}
        hint={t.share.linkPasswordHint}
        autoComplete="new-password"
        maxLength={256}
        value={password}
        onChange={(e) => setPassword(e.target.value)}
      />
      <FormError error={create.error} />
      <Button type="submit" loading={create.isPending} className="td-wide">
        {t.share.createLink}
      </Button>
    </form>
  )
}
