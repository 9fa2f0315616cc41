import { ExclamationTriangleIcon } from '@radix-ui/react-icons'
import { Callout } from '@radix-ui/themes'
import { ApiError } from '../lib/api'
import { errorText } from '../lib/errors'

interface Props {
  error: unknown
  /* what is said instead of the usual */
  text?: string | undefined
  /* an error of these is shown there */
  fields?: string[]
}

export function FormError({ error, text, fields = [] }: Props) {
  if (!error || fieldError(error, ...fields)) return null

  return (
    <Callout.Root color="red" size="1" mb="4" role="alert">
      <Callout.Icon>
        <ExclamationTriangleIcon />
      </Callout.Icon>
      <Callout.Text>{text ?? errorText(error)}</Callout.Text>
    </Callout.Root>
  )
}

export function fieldError(error: unknown, ...fields: string[]): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  const field = error.code === 'email_taken' ? 'email' : error.code === 'weak_password' ? 'password' : error.code.startsWith('setup_code') ? 'setup_code' : error.field

  return field && fields.includes(field) ? errorText(error) : undefined
}
