// Adds somebody with an account by e-mail; who has none gets an invitation.
import { Button, Callout, Flex, TextField } from '@radix-ui/themes'
import { type FormEvent, useState } from 'react'
import { FormError } from '../components/FormError'
import { useToast } from '../components/Toasts'
import { hasCode } from '../lib/errors'
import { useAddMember, useCreateInvite } from '../lib/sharing'
import type { Role, Room } from '../lib/types'
import { t } from '../texts'
import { RoleSelect } from './RoleSelect'

export function AddPerson({ room }: { room: Room }) {
  const toast = useToast()
  const add = useAddMember(room.id)
  const invite = useCreateInvite(room.id)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('editor')
  const unknown = hasCode(add.error, 'not_found')
  const already = hasCode(add.error, 'conflict')

  const send = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(
      { email: email.trim(), role },
      {
        onSuccess: (member) => {
          setEmail('')
          toast({ text: t.share.added(member.user.name) })
        },
      },
    )
  }

  const sendInvite = () =>
    invite.mutate(
      { email: email.trim(), role },
      {
        onSuccess: () => {
          setEmail('')
          add.reset()
        },
      },
    )

  return (
    <form onSubmit={send}>
      <Flex gap="2" my="4" wrap={{ initial: 'wrap', xs: 'nowrap' }}>
        <TextField.Root
          type="email"
          required
          className="td-grow"
          placeholder={t.account.email}
          aria-label={t.share.addLabel}
          value={email}
          onChange={(e) => {
            setEmail(e.target.value)
            add.reset()
          }}
        />
        <RoleSelect value={role} label={t.share.role} onChange={setRole} />
        <Button type="submit" loading={add.isPending}>
          {t.share.add}
        </Button>
      </Flex>
      {unknown && (
        <Callout.Root size="1" mb="4" role="status">
          <Callout.Text>{t.share.noAccount(email)}</Callout.Text>
          <Button type="button" variant="soft" className="td-start" loading={invite.isPending} onClick={sendInvite}>
            {t.share.invite}
          </Button>
        </Callout.Root>
      )}
      {already && (
        <Callout.Root size="1" mb="4" role="status">
          <Callout.Text>{t.share.already}</Callout.Text>
        </Callout.Root>
      )}
      {!unknown && !already && <FormError error={add.error ?? invite.error} />}
    </form>
  )
}
